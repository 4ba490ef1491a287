package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/assay-project/assay/internal/assay"
)

// tailLines is how much of an image's build is shown when it failed.
const tailLines = 12

// progress tells how far grading is: on a terminal in one line that changes,
// elsewhere in plain lines.
type progress struct {
	w      io.Writer
	width  int // of the terminal; 0 when w is none
	grader *assay.Grader
	last   string
	tail   []string // the newest lines of the image's build
}

func newProgress(w io.Writer, g *assay.Grader) *progress {
	p := &progress{w: w, grader: g}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = 80
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			p.width = width
		}
	}
	return p
}

func (p *progress) report(news assay.Progress) {
	var line string
	switch {
	case news.Log != "":
		// Programs that overwrite their line end it with a carriage return.
		log := strings.TrimRight(news.Log, "\r\n")
		line = assay.Printable(log[strings.LastIndexByte(log, '\r')+1:], 500)
		p.tail = append(p.tail[max(0, len(p.tail)-tailLines+1):], line)
		line = "image: " + line
	case news.Done != nil:
		return
	case news.Stage == assay.StageTests && news.Test < len(p.grader.Tests):
		line = fmt.Sprintf("test %d of %d: %s", news.Test+1, len(p.grader.Tests), p.grader.Tests[news.Test].Name)
	default:
		line = map[assay.Stage]string{
			assay.StageImage: "image", assay.StageSandbox: "sandbox", assay.StageFiles: "files",
			assay.StageBuild: "compile step",
		}[news.Stage]
	}
	if line == "" || line == p.last {
		return
	}
	p.last = line
	if p.width == 0 {
		fmt.Fprintln(p.w, line)
		return
	}
	cut := []rune(strings.ReplaceAll(line, "\n", " "))
	fmt.Fprintf(p.w, "\r\x1b[K%s", string(cut[:min(len(cut), p.width-1)]))
}

// clear takes the changing line away.
func (p *progress) clear() {
	if p.width > 0 && p.last != "" {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}

// showTail shows the end of what an image's build printed, where the changing
// line has hidden it.
func (p *progress) showTail() {
	if p.width == 0 {
		return
	}
	for _, line := range p.tail {
		fmt.Fprintln(p.w, "  "+line)
	}
}
