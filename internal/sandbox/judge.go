package sandbox

import (
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/warden"
)

// capture holds what a step wrote, at most left bytes more: whatever a
// sandbox sends, the worker's memory is bounded by the limit on output.
type capture struct {
	stdout, stderr []byte
	left           int64
}

func (c *capture) take(stream warden.Stream, p []byte) {
	p = p[:min(int64(len(p)), c.left)]
	c.left -= int64(len(p))
	if stream == warden.Stderr {
		c.stderr = append(c.stderr, p...)
	} else {
		c.stdout = append(c.stdout, p...)
	}
}

// judge gives a step's verdict and points.
func judge(test assay.Test, limits assay.Limits, exited warden.Exited, out *capture) assay.TestResult {
	exited = throughShell(test, exited)
	r := assay.TestResult{
		Name: test.Name, MaxPoints: test.Points, Hidden: test.Hidden, Command: command(test.Command),
		Stdin: text(test.Stdin, maxText), Stdout: text(out.stdout, maxText), Stderr: text(out.stderr, maxText),
		Cut: len(out.stdout) > maxText || len(out.stderr) > maxText || exited.Why == warden.Output,
		Usage: assay.Usage{
			WallMS: millis(exited.Usage.Wall), CPUMS: millis(exited.Usage.CPU),
			Memory: exited.Usage.Memory, Output: exited.Usage.Output,
		},
	}
	if c := test.Stdout; c != nil && (c.Kind == assay.CheckEqual || c.Kind == assay.CheckTokens) {
		expected := text([]byte(c.Text), maxText)
		r.Expected = &expected
	}
	switch {
	case exited.Signal != 0:
		r.Signal = signalName(exited.Signal)
	case exited.Failed == "" && exited.Why == "":
		r.Exit = &exited.Status
	}
	r.Verdict, r.Message, r.Points = assess(test, limits, exited, out)
	r.Message = text([]byte(r.Message), maxMessage)
	return r
}

// throughShell finds the signal that ended a program which a shell ran: the
// shell's own exit status is then 128 and the signal's number (as dash and
// bash do; POSIX XCU 2.8.2 asks for more than 128).
func throughShell(test assay.Test, exited warden.Exited) warden.Exited {
	const shellSignal = 128
	shell := len(test.Command) == 3 && test.Command[0] == "sh" && test.Command[1] == "-c"
	asked := test.Exit != nil && *test.Exit == exited.Status
	if !shell || asked || exited.Status <= shellSignal || unix.SignalName(syscall.Signal(exited.Status-shellSignal)) == "" {
		return exited
	}
	exited.Signal, exited.Status = exited.Status-shellSignal, 0
	return exited
}

// assess decides: a limit that was exceeded comes before how the program
// ended, that before what it wrote.
func assess(test assay.Test, limits assay.Limits, exited warden.Exited, out *capture) (assay.Verdict, string, float64) {
	if exited.Why != "" {
		verdict, message := exceeded(exited, limits)
		return verdict, message, 0
	}
	if exited.Failed != "" {
		return assay.Wrong, "The command could not be started: " + exited.Failed + ".", 0
	}
	if exited.Signal != 0 {
		return assay.Crashed, "The program was ended by " + signalName(exited.Signal) + ".", 0
	}
	checked := test.Stdout != nil || test.Stderr != nil
	if want := expectedExit(test.Exit, checked); want != nil && exited.Status != *want {
		return assay.Wrong, fmt.Sprintf("The program ended with exit status %d; %d was expected.", exited.Status, *want), 0
	}
	if test.Stdout != nil {
		if ok, message := test.Stdout.Compare(out.stdout); !ok {
			return assay.Wrong, message, 0
		}
	}
	if test.Stderr != nil {
		if ok, message := test.Stderr.Compare(out.stderr); !ok {
			return assay.Wrong, "standard error: " + message, 0
		}
	}
	if test.Score != assay.ScoreJSON {
		return assay.Passed, "", test.Points
	}
	given, err := parseScore(out.stdout)
	switch {
	case err != nil:
		return assay.Wrong, "The grader's program gave no score: " + err.Error() + ".", 0
	case given.share == 1:
		return assay.Passed, given.message, test.Points
	case given.share == 0:
		return assay.Wrong, given.message, 0
	}
	return assay.Partial, given.message, given.share * test.Points
}

// expectedExit is the exit status asked for; nil asks for none.
func expectedExit(exit *int, checked bool) *int {
	if exit == nil && !checked {
		return new(int)
	}
	return exit
}

// exceeded says which limit ended a step, and how much was used.
func exceeded(exited warden.Exited, limits assay.Limits) (assay.Verdict, string) {
	switch exited.Why {
	case warden.Wall:
		return assay.Timeout, fmt.Sprintf("It was stopped after %s, the limit of wall time; it had used %.1f s of CPU time.", limits.Wall, exited.Usage.CPU.Seconds())
	case warden.CPU:
		return assay.Timeout, fmt.Sprintf("It was stopped after %.1f s of CPU time; the limit is %s.", exited.Usage.CPU.Seconds(), limits.CPU)
	case warden.Memory:
		return assay.OutOfMemory, fmt.Sprintf("It used more than %s of memory, the limit; files in /work, /tmp and /dev/shm count as well.", assay.Bytes(limits.Memory))
	case warden.Processes:
		return assay.TooManyProcs, fmt.Sprintf("It started more than %d processes and threads, the limit.", limits.Processes)
	case warden.Output:
		return assay.TooMuchOutput, fmt.Sprintf("It wrote more than %s to stdout and stderr, the limit; the rest was cut.", assay.Bytes(limits.Output))
	case warden.Files:
		return assay.DiskFull, fmt.Sprintf("It made more than %d files and folders, the limit.", limits.Files)
	case warden.Nesting:
		return assay.DiskFull, fmt.Sprintf("It nested folders deeper than %d.", warden.MaxDepth)
	}
	return assay.DiskFull, fmt.Sprintf("Its files take more than %s of disk, the limit for each of /work, /tmp and /dev/shm.", assay.Bytes(limits.Disk))
}

// Bounds of the texts in a result, in bytes.
const (
	maxText   = 64 << 10 // of one stream
	maxTexts  = 8 << 20  // of all, before later steps keep less
	shortText = 4 << 10  // of one stream of those
)

// shorten keeps less of a step when those before had much: else a thousand
// tests of a program that fills its streams were gigabytes on the worker.
func (g *grading) shorten(r *assay.TestResult) {
	texts := []*string{&r.Stdin, &r.Stdout, &r.Stderr}
	if r.Expected != nil {
		texts = append(texts, r.Expected)
	}
	for _, t := range texts {
		if len(*t) > shortText && g.texts+len(*t) > maxTexts {
			*t, r.Cut = text([]byte(*t), shortText), true
		}
		g.texts += len(*t)
	}
}

// text makes at most limit bytes of something fit for a result: valid UTF-8
// without NUL, which databases refuse.
func text(b []byte, limit int) string {
	s := string(b[:min(len(b), limit)])
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// command shows a command as it was written in grader.yaml.
func command(argv []string) string {
	if len(argv) == 3 && argv[0] == "sh" && argv[1] == "-c" {
		return argv[2]
	}
	return strings.Join(argv, " ")
}

func signalName(n int) string {
	if name := unix.SignalName(unix.Signal(n)); name != "" {
		return name
	}
	return fmt.Sprintf("signal %d", n)
}
