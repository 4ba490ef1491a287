package main

import (
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
			text, err := hub.OpenAPI("0")
			if err != nil {
				return err
			}
			_, err = cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
