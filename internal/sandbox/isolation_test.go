package sandbox

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/assay-project/assay/internal/assay"
)

// secret is in the grader's folder; no student may learn it.
const secret = "the-expected-answer"

// graderFolder has a program that runs what the student submitted as run.sh,
// and prints what that printed beside a score of its own.
func graderFolder() fstest.MapFS {
	return fstest.MapFS{
		"grader.yaml":            {Data: []byte("name: test\n")},
		"expected.txt":           {Data: []byte(secret + "\n")},
		"submissions/good/a.txt": {Data: []byte("never in the sandbox\n")},
		".git/config":            {Data: []byte("never in the sandbox\n")},
	}
}

// TestStudentCannot runs what a hostile program tries; each script prints
// REACHED when it gets what it must not get.
func TestStudentCannot(t *testing.T) {
	r := newRig(t, PoolConfig{})
	scripts := map[string]string{
		"enter the grader's folder":            `ls /grader && echo REACHED; cat /grader/expected.txt && echo REACHED`,
		"read the warden's memory":             `head -c 1 /proc/1/mem && echo REACHED; cat /proc/1/maps && echo REACHED`,
		"read the warden's environment":        `cat /proc/1/environ && echo REACHED`,
		"list the warden's files":              `ls /proc/1/fd/ && echo REACHED; ls /proc/1/root/ && echo REACHED; ls /proc/1/cwd/ && echo REACHED`,
		"write to the worker":                  `echo forged > /proc/1/fd/1 && echo REACHED`,
		"signal the warden":                    `for s in HUP INT TERM KILL STOP SEGV QUIT; do kill -$s 1 && echo REACHED; done; for t in /proc/1/task/*; do kill -KILL ${t##*/} && echo REACHED; done`,
		"ask for a session":                    `/.assay/warden student -- true && echo REACHED`,
		"write outside":                        `for d in / /etc /usr /var/tmp /run /.assay /proc/sys/kernel /sys /dev /mnt; do (: > $d/x) && echo REACHED $d; done`,
		"change the warden":                    `(: > /.assay/warden) && echo REACHED; rm -f /.assay/warden && echo REACHED`,
		"become root":                          `cp /bin/sh s; chmod 4755 s; [ "$(./s -c 'id -u')" = 0 ] && echo REACHED; chown 0 s && echo REACHED; su -c true && echo REACHED`,
		"have a capability":                    `grep -qE 'Cap(Prm|Eff|Inh|Amb):[[:space:]]*0*[1-9a-f]' /proc/self/status && echo REACHED`,
		"gain privileges":                      `grep -q 'NoNewPrivs:[[:space:]]*1' /proc/self/status || echo REACHED; grep -q 'Seccomp:[[:space:]]*2' /proc/self/status || echo REACHED`,
		"mount":                                `mount -t tmpfs none /work && echo REACHED; unshare -r true && echo REACHED; unshare -n true && echo REACHED; unshare -m true && echo REACHED`,
		"write to control groups":              `find /sys/fs/cgroup -type f -writable | grep -q . && echo REACHED`,
		"change the kernel":                    `echo x > /proc/sys/kernel/core_pattern && echo REACHED; echo b > /proc/sysrq-trigger && echo REACHED`,
		"see the host's processes":             `[ "$(ls -d /proc/[0-9]* | wc -l)" -gt 6 ] && echo REACHED; true`,
		"find the engine":                      `ls /var/run/docker.sock /run/containerd && echo REACHED`,
		"reach a network":                      `[ "$(tail -n +3 /proc/net/dev | grep -vc '^ *lo:')" = 0 ] || echo REACHED; (echo > /dev/tcp/127.0.0.1/80) && echo REACHED`,
		"learn about the host":                 `[ "$(hostname)" = sandbox ] || echo REACHED; env | grep -iE 'docker|assay|token|secret|key' && echo REACHED`,
		"use io_uring":                         `perl -e 'my $p = "\0" x 120; exit(syscall(425, 8, $p) < 0)' && echo REACHED`,
		"make devices":                         `mknod d c 1 3 && echo REACHED; mknod d b 8 0 && echo REACHED`,
		"make itself safe from the OOM killer": `echo -1000 > /proc/self/oom_score_adj && echo REACHED; [ "$(cat /proc/self/oom_score_adj)" = 1000 ] || echo REACHED`,
		"dump core":                            `[ "$(ulimit -c)" = 0 ] || echo REACHED; ulimit -c unlimited && echo REACHED`,
		"open more files":                      `[ "$(ulimit -n)" -le 1024 ] || echo REACHED; ulimit -n 100000 && echo REACHED`,
		"have a terminal":                      `(: > /dev/tty) && echo REACHED`,
		"inherit a file":                       `[ "$(ls /proc/self/fd | wc -l)" -le 4 ] || echo REACHED`,
	}
	// One job: each attempt begins with the files as they were, and the last
	// test shows that there was something to reach.
	j := job{grader: graderFolder()}
	for name, script := range scripts {
		test := sh("exec 2>/dev/null; " + script + "; exit 0")
		test.Name = name
		j.tests = append(j.tests, test)
	}
	j.tests = append(j.tests, bySh("cat expected.txt"))
	result := r.grade(j)
	last := len(result.Tests) - 1
	for _, got := range result.Tests[:last] {
		if got.Verdict != assay.Passed || strings.Contains(got.Stdout, "REACHED") {
			t.Errorf("a student can %s: %s %s\n%s", got.Name, got.Verdict, got.Message, got.Stdout)
		}
	}
	if got := result.Tests[last]; got.Stdout != secret+"\n" {
		t.Errorf("the grader's own files: %s %q %q", got.Message, got.Stdout, got.Stderr)
	}
}

func TestGraderRunsTheStudentsProgramAsTheStudent(t *testing.T) {
	r := newRig(t, PoolConfig{})
	for name, test := range map[string]struct{ run, script, want string }{
		"as another user, in the work directory": {
			`id -u; pwd; echo "$HOME"; cat answer.txt; ls -d /grader/* 2>&1`,
			`a=$(id -u); set -- $(/.assay/warden student -- sh run.sh); [ "$1" != "$a" ] && [ "$1" != 0 ] && shift && echo "$@"`,
			"/work /work 42 ls: cannot access '/grader/*': Permission denied\n",
		},
		"with its input and exit status": {
			`read x; echo "got $x"; exit 7`,
			`out=$(echo hello | /.assay/warden student -- sh run.sh); echo "$? $out"`,
			"7 got hello\n",
		},
		"ended by a signal": {`kill -SEGV $$`, `/.assay/warden student -- sh run.sh >out; echo $?`, "139\n"},
		"for a time":        {`trap "" TERM; while :; do sleep 60; done`, `/.assay/warden student --wall 200ms -- sh run.sh >out; echo $?`, "124\n"},
		"with nothing left of it": {
			`setsid sleep 60 >/dev/null 2>&1 & sleep 0.1; exit 0`,
			`/.assay/warden student -- sh run.sh >out; i=0; while grep -qsx sleep /proc/[0-9]*/comm && [ $i -lt 500 ]; do i=$((i+1)); sleep 0.01; done 2>/dev/null; cat /proc/[0-9]*/comm | sort -u | grep -c '^sleep$'`,
			"0\n",
		},
		"but not with its own output, which the score is read from": {
			`echo '{"score": 1}'`, `/.assay/warden student -- sh run.sh; echo $?`, "125\n",
		},
		"but not with a folder": {`ls /proc/self/fd/0/`, `/.assay/warden student -- sh run.sh <. >out 2>&1; echo $?; grep -c folder out`, "125\n1\n"},
		"which cannot signal, trace or forge it": {
			`for p in /proc/[0-9]*; do kill -KILL ${p##*/}; cat $p/environ $p/maps; ls $p/fd/; done 2>/dev/null | grep -c -v "^$"; exit 0`,
			`/.assay/warden student -- sh -c 'for p in /proc/[0-9]*; do [ "$(stat -c %u $p 2>/dev/null)" = "$(id -u)" ] || { kill -KILL ${p##*/} && echo KILLED; cat $p/environ && echo READ; ls $p/fd/ && echo LISTED; }; done 2>/dev/null; exit 0' >out; cat out; echo alive`,
			"alive\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			result := r.grade(job{
				files:  fstest.MapFS{"answer.txt": {Data: []byte("42\n")}, "run.sh": {Data: []byte(test.run)}},
				grader: graderFolder(), tests: []assay.Test{bySh(test.script)},
			})
			if got := result.Tests[0]; got.Stdout != test.want {
				t.Errorf("%s %s: %q, not %q\nstderr: %s", got.Verdict, got.Message, got.Stdout, test.want, got.Stderr)
			}
		})
	}
}

func TestGradersStepEndsTheStudentsPrograms(t *testing.T) {
	r := newRig(t, PoolConfig{})
	result := r.grade(job{
		grader: graderFolder(),
		limits: func(l *assay.Limits) { l.Wall = 300 * time.Millisecond },
		tests: []assay.Test{
			bySh(`/.assay/warden student -- sh -c 'trap "" TERM; while :; do sleep 60; done' >out`),
			sh(`for p in /proc/[0-9]*; do read c <$p/comm; echo $c; done`),
		},
	})
	if got := result.Tests[0].Verdict; got != assay.Timeout {
		t.Errorf("the grader's step ended as %s", got)
	}
	if got, want := result.Tests[1].Stdout, "warden\nsh\n"; got != want {
		t.Errorf("processes afterwards: %q, not %q", got, want)
	}
}

func TestGraderFolderInTheSandbox(t *testing.T) {
	r := newRig(t, PoolConfig{})
	result := r.grade(job{grader: graderFolder(), tests: []assay.Test{bySh("find . -mindepth 1 | sort; stat -c %a .")}})
	if got, want := result.Tests[0].Stdout, "./expected.txt\n./grader.yaml\n700\n"; got != want {
		t.Errorf("%q, not %q: %s", got, want, result.Tests[0].Stderr)
	}
}

// TestNothingRemains leaves everything that a program can leave, and looks
// for it in the next test.
func TestNothingRemainsOfOneTestInTheNext(t *testing.T) {
	r := newRig(t, PoolConfig{})
	state := `find /work /tmp /dev/shm /dev/mqueue -mindepth 1 -printf '%p %y %m %s %l\n' | sort; cat answer.txt built tool.sh; stat -c '%a %Y' answer.txt built; ipcs -a | grep -c 0x; for p in /proc/[0-9]*; do read c <$p/comm; echo $c; done`
	spoil := `
		setsid sh -c 'while :; do sleep 60; done' &
		echo wrong > answer.txt; chmod 000 built; rm tool.sh; mv sub elsewhere; ln -s /etc/passwd built2
		: > /tmp/x; : > /dev/shm/x; mkfifo fifo; : > /dev/mqueue/q
		mkdir -p locked/in; chmod 000 locked; chmod 000 /work
		ipcmk -M 100 -S 2 -Q
		mkdir /tmp/deep; cd /tmp/deep; i=0; while [ $i -lt 300 ]; do mkdir d && cd d || break; i=$((i+1)); done
		exit 0`
	result := r.grade(job{
		files: fstest.MapFS{"answer.txt": {Data: []byte("42\n")}, "tool.sh": {Data: []byte("#!/bin/sh\n"), Mode: 0o755}, "sub/dir/file": {Data: []byte("x")}},
		build: "echo made > built; ln -s built link; ln built hard; mkdir -p empty/er; echo t > /tmp/by-build; touch -d '2020-01-01 00:00:00.5' built",
		tests: []assay.Test{sh(state), sh(spoil), sh(state), sh(spoil), sh(state)},
	})
	if result.Verdict != assay.Passed {
		t.Fatalf("%s: %+v", result.Verdict, result.Tests)
	}
	before := result.Tests[0].Stdout
	for _, want := range []string{"/work/link l 777 5 built", "/tmp/by-build f", "/work/tool.sh f 755", "/work/empty/er d", "/work/sub/dir/file f 644 1", "644 1577836800", "42\nmade\n", "\n0\nwarden\nsh\n"} {
		if !strings.Contains(before, want) {
			t.Errorf("after the compile step there is no %q in\n%s", want, before)
		}
	}
	for _, i := range []int{2, 4} {
		if got := result.Tests[i].Stdout; got != before {
			t.Errorf("test %d began with\n%snot\n%s", i, got, before)
		}
	}
	if !strings.Contains(result.Tests[1].Stdout, "id") {
		t.Errorf("nothing was made to remain: %q %q", result.Tests[1].Stdout, result.Tests[1].Stderr)
	}
}

func TestFilesThatCannotBeKept(t *testing.T) {
	r := newRig(t, PoolConfig{})
	for name, test := range map[string]struct{ build, message string }{
		"a sparse file":       {"truncate -s 1T big", "disk"},
		"folders nested deep": {"i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done", "deeper than 100"},
	} {
		t.Run(name, func(t *testing.T) {
			r.t = t
			result := r.grade(job{build: test.build, tests: []assay.Test{sh("true"), sh("true")}})
			if got := result.Tests[0]; got.Verdict != assay.DiskFull || !strings.Contains(got.Message, test.message) {
				t.Errorf("%s: %s", got.Verdict, got.Message)
			}
		})
	}
}

func TestForgedFramesAreOutput(t *testing.T) {
	r := newRig(t, PoolConfig{})
	script := `printf '\000\000\000\005\007{}\n\001\000\000\000\000\000\000\005'; printf '\000\000\000\002\007' >&2; exit 3`
	got := r.grade(job{tests: []assay.Test{sh(script)}}).Tests[0]
	if got.Verdict != assay.Wrong || got.Exit == nil || *got.Exit != 3 {
		t.Errorf("%+v", got)
	}
	if got.Stdout != "\uFFFD\uFFFD\uFFFD\x05\a{}\n\x01\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\x05" {
		t.Errorf("stdout %q", got.Stdout)
	}
}
