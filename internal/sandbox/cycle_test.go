package sandbox

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/docker"
	"github.com/assay-project/assay/internal/warden"
)

func TestCycle(t *testing.T) {
	ctx := context.Background()
	e, err := docker.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	img, err := e.Resolve(ctx, "debian:bookworm")
	if err != nil {
		t.Fatal(err)
	}
	w, err := InstallWarden(t.TempDir(), e.Info().Arch)
	if err != nil {
		t.Fatal(err)
	}
	l := e.Launcher(docker.LauncherConfig{Owner: "cyc" + assay.NewID(), WardenPath: w})
	lim := assay.DefaultLimits
	spec := assay.SandboxSpec{Shape: assay.Shape{Image: img, Runtime: "runc", Network: "none", Memory: lim.Memory, Processes: lim.Processes, Disk: lim.Disk, Files: lim.Files}}
	one := func(loud bool) {
		t0 := time.Now()
		b, err := open(ctx, l, spec, users{100001, 100002})
		if err != nil {
			t.Error(err)
			return
		}
		t1 := time.Now()
		for range 3 {
			ta := time.Now()
			ex, err := b.run(ctx, warden.Run{Argv: []string{"true"}, As: "student", Wall: lim.Wall, CPU: lim.CPU, Output: lim.Output}, nil, func(s warden.Stream, p []byte) { t.Logf("%d %q", s, p) })
			if loud || err != nil {
				t.Log(ex, err, time.Since(ta))
			}
		}
		t2 := time.Now()
		if os.Getenv("RM") == "close" {
			b.close()
		} else if os.Getenv("RM") == "closewait" {
			b.close()
			l.Remove(ctx, b.id)
		} else {
			l.Remove(ctx, b.id)
			b.close()
		}
		if loud {
			t.Log("open", t1.Sub(t0), "run", t2.Sub(t1), "remove", time.Since(t2))
		}
	}
	one(true)
	one(true)
	one(true)
	for _, par := range []int{2, 4, 8} {
		t0 := time.Now()
		var wg sync.WaitGroup
		n := 48
		for i := range par {
			_ = i
			wg.Go(func() {
				for range n / par {
					one(false)
				}
			})
		}
		wg.Wait()
		for {
			ids, _ := l.List(ctx)
			if len(ids) == 0 {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
		fmt.Printf("par %d: %.1f/s\n", par, float64(n)/time.Since(t0).Seconds())
	}
}
