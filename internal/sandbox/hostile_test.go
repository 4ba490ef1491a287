package sandbox

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/assay-project/assay/internal/assay"
)

// orphan leaves a socket that only its own queue holds: the kernel collects it
// at some later time. In the queue too, and so open beyond the end of every
// process, is a socket with the name at which the grader's programs ask.
const orphan = `
use strict; use Socket;
my $arm = ` + "`uname -m`" + ` =~ /aarch64/;
socketpair(my $low, my $high, AF_UNIX, SOCK_STREAM, 0) or die $!;
socket(my $desk, AF_UNIX, SOCK_STREAM, 0) or die $!;
bind($desk, pack("Sa*", AF_UNIX, "\0assay")) or die $!;
listen($desk, 5) or die $!;
my $control = pack("Q i i i i", 24, SOL_SOCKET, 1, fileno($high), fileno($desk));
my $data = "x";
my $vector = pack("P Q", $data, 1);
my $message = pack("Q L x4 P Q P Q i x4", 0, 0, $vector, 1, $control, 24, 0);
syscall($arm ? 211 : 46, fileno($low), $message, 0) == 1 or die $!;
print "held\n";
`

func TestNobodyTakesTheSocketAtWhichTheGraderAsks(t *testing.T) {
	r := newRig(t, PoolConfig{})
	files := fstest.MapFS{"orphan.pl": {Data: []byte(orphan)}}
	result := r.grade(job{
		files: files, grader: graderFolder(), build: "perl orphan.pl 2>&1; true",
		tests: []assay.Test{bySh("/.assay/warden student -- echo yes > answer; cat answer")},
	})
	if got := result.Tests[0]; got.Stdout != "yes\n" {
		t.Errorf("%s %s: %q\n%s", got.Verdict, got.Message, got.Stdout, got.Stderr)
	}
	if !strings.Contains(result.Build.Stdout, "already in use") {
		t.Errorf("the name was free: %q", result.Build.Stdout)
	}
}

// What a submission leaves must never end a job without a verdict, as the
// warden's own end would.
func TestFilesThatCannotBeKeptHaveAVerdict(t *testing.T) {
	r := newRig(t, PoolConfig{})
	for name, test := range map[string]struct {
		script  string
		verdict assay.Verdict
	}{
		"more than fits into memory twice": {"head -c 25M /dev/zero > a; head -c 20M /dev/zero > /tmp/b", assay.OutOfMemory},
		"sparse, for their copy":           {"truncate -s 30M a /tmp/b /dev/shm/c", assay.OutOfMemory},
		"sparse, for their restoration":    {"truncate -s 30M a /tmp/b", assay.OutOfMemory},
		"nested too deep, after others":    {"head -c 300000 /dev/urandom > a; mkdir z; cd z; i=0; while [ $i -lt 110 ]; do mkdir d; cd d; i=$((i+1)); done", assay.DiskFull},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			result := r.grade(job{
				build: test.script, tests: []assay.Test{sh("true"), sh("true"), sh("true")},
				limits: func(l *assay.Limits) { l.Memory, l.Disk = 64<<20, 48<<20 },
			})
			if result.Build.Verdict != assay.Passed || len(result.Tests) != 3 {
				t.Fatalf("compile step %s, %d tests", result.Build.Verdict, len(result.Tests))
			}
			for _, got := range result.Tests[1:] {
				if got.Verdict != test.verdict {
					t.Errorf("%s: %s", got.Verdict, got.Message)
				}
			}
		})
	}
}

func TestManyStepsThatWriteMuchAreShortened(t *testing.T) {
	g := &grading{}
	long := strings.Repeat("é", maxText/2)
	total := 0
	for i := range 1000 {
		expected := long
		r := assay.TestResult{Stdin: long, Stdout: long, Stderr: "short", Expected: &expected}
		g.shorten(&r)
		switch whole := r.Stdout == long && !r.Cut; {
		case i < 40 && !whole, i > 50 && (r.Stdout == long || !r.Cut), r.Stderr != "short":
			t.Fatalf("step %d: %d bytes, cut %v", i, len(r.Stdout), r.Cut)
		}
		total += len(r.Stdin) + len(r.Stdout) + len(r.Stderr) + len(*r.Expected)
	}
	if most := maxTexts + 1000*4*shortText; total > most {
		t.Errorf("%d bytes are kept, at most %d should be", total, most)
	}
}

func TestASubmissionThatFillsTheMemoryIsRejected(t *testing.T) {
	r := newRig(t, PoolConfig{})
	result := r.grade(job{
		files:  fstest.MapFS{"zeros": {Data: make([]byte, 40<<20)}},
		limits: func(l *assay.Limits) { l.Memory, l.Disk = 24<<20, 64<<20 },
		rules:  assay.SubmissionRules{MaxSize: 64 << 20, MaxFiles: 10},
		tests:  []assay.Test{sh("true")},
	})
	if result.Verdict != assay.Rejected || !strings.Contains(result.Message, "memory 24 MiB") {
		t.Errorf("%s: %s", result.Verdict, result.Message)
	}
}
