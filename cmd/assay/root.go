package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/assay-project/assay/internal/assay"
)

// Exit statuses; scripts depend on them.
const (
	exitUnusable       = 1 // the grader or the submission cannot be used
	exitUsage          = 2
	exitInfrastructure = 3 // the machine, the engine, or our mistake
)

const maxMessage = 4 << 10 // bytes of an error on a terminal

// execute runs the command line and gives its exit status.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	started := false // once a command runs, its arguments were right
	root := newRootCommand(&started)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case !started:
		fmt.Fprintf(stderr, "assay: %s\n", assay.Printable(err.Error(), maxMessage))
		fmt.Fprintln(stderr, "Run assay --help to see what there is.")
		return exitUsage
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		if failed, ok := errors.AsType[*assay.Error](err); ok {
			fmt.Fprintf(stderr, "assay: interrupted: %s\n", assay.Printable(failed.Message, maxMessage))
		} else {
			fmt.Fprintln(stderr, "assay: interrupted; nothing is left behind")
		}
		return exitInfrastructure
	}
	printError(stderr, err)
	switch assay.CodeOf(err) {
	case assay.Invalid, assay.TooLarge, assay.NotFound:
		return exitUnusable
	}
	return exitInfrastructure
}

// printError writes an error as one line, and diagnostics as one line each,
// beginning with their place as compilers write it.
func printError(w io.Writer, err error) {
	var found assay.Diagnostics
	if errors.As(err, &found) {
		for _, d := range found {
			fmt.Fprintln(w, assay.Printable(d.String(), maxMessage))
		}
		return
	}
	message := err.Error()
	var explained *assay.Error
	if errors.As(err, &explained) {
		message = explained.Message
	}
	fmt.Fprintf(w, "assay: %s\n", assay.Printable(strings.TrimSpace(message), maxMessage))
}

// newRootCommand is the program without arguments. Each command has a file.
func newRootCommand(started *bool) *cobra.Command {
	root := &cobra.Command{
		Use:           "assay",
		Short:         "Grade submissions automatically, each in a container of its own",
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRun: func(*cobra.Command, []string) {
			*started = true
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newGradeCommand(),
		newServeCommand(),
		newOpenAPICommand(),
		newVersionCommand(),
	)
	return root
}
