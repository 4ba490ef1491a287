package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"
)

func newVersionCommand() *cobra.Command {
	var jsonFile string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Say which version this is",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if jsonFile != "" {
				return writeJSON(cmd, jsonFile, map[string]string{"version": version, "go": runtime.Version(), "platform": platform})
			}
			fmt.Fprintf(cmd.OutOrStdout(), "assay %s (%s, %s)\n", version, runtime.Version(), platform)
			return nil
		},
	}
	addJSONFlag(cmd, &jsonFile)
	return cmd
}
