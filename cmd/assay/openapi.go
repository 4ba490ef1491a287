package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/assay-project/assay/internal/hub"
)

func newOpenAPICommand() *cobra.Command {
	return &cobra.Command{
		Use:   "openapi",
		Short: "Print the OpenAPI document of the hub's API",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			// Of no version: the document is kept beside the pages, and must
			// not change with each commit.
			raw, err := hub.OpenAPI("0")
			if err != nil {
				return fmt.Errorf("describe the API: %w", err)
			}
			var text bytes.Buffer
			if err := json.Indent(&text, raw, "", "  "); err != nil {
				return fmt.Errorf("describe the API: %w", err)
			}
			text.WriteByte('\n')
			_, err = text.WriteTo(cmd.OutOrStdout())
			return err
		},
	}
}
