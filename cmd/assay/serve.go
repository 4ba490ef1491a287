package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/assay-project/assay/examples"
	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/bus"
	"github.com/assay-project/assay/internal/hub"
	"github.com/assay-project/assay/internal/store"
	"github.com/assay-project/assay/web"
)

// Time limits of the hub's HTTP server, beside those of each request.
const (
	headerTimeout   = 10 * time.Second
	idleTimeout     = 2 * time.Minute
	maxHeaderBytes  = 64 << 10
	shutdownTimeout = 5 * time.Second // for requests that are being answered
)

type serveOptions struct {
	listen   string
	data     string
	noWorker bool
	slots    int
	ackWait  time.Duration
}

func newServeCommand() *cobra.Command {
	var o serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Start the hub: API, pages, queue, and a worker on this machine",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), o, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&o.listen, "listen", "127.0.0.1:8080", "answer HTTP at `ADDRESS`")
	cmd.Flags().StringVar(&o.data, "data", "data", "keep everything in `DIR`")
	cmd.Flags().BoolVar(&o.noWorker, "no-worker", false, "grade nothing on this machine")
	cmd.Flags().IntVar(&o.slots, "slots", 0, "jobs at one time (default: one for each core)")
	cmd.Flags().DurationVar(&o.ackWait, "ack-wait", bus.DefaultAckWait, "how long a silent worker keeps a job")
	if err := cmd.Flags().MarkHidden("ack-wait"); err != nil { // for tests
		panic(err)
	}
	return cmd
}

// serve runs the hub until ctx ends. Parts are stopped in the reverse order
// of their start: first nothing new comes in, then the worker gives back
// what it has, then the queue and the records are closed.
func serve(ctx context.Context, o serveOptions, stdout, stderr io.Writer) (err error) {
	if o.slots < 0 {
		return assay.Errorf(assay.Invalid, "--slots %d: give the number of jobs at one time", o.slots)
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	closing := func(f func() error) { err = errors.Join(err, f()) }

	data, release, err := takeFolder(o.data)
	if err != nil {
		return err
	}
	defer closing(release)
	listener, err := listen(ctx, o.listen)
	if err != nil {
		return err
	}
	defer listener.Close() //nolint:errcheck // the server closes it, this is for errors before
	records, err := store.Open(ctx, filepath.Join(data, "assay.db"))
	if err != nil {
		return err
	}
	defer closing(records.Close)
	queue, err := bus.Start(bus.Config{Dir: filepath.Join(data, "queue"), AckWait: o.ackWait, Log: log})
	if err != nil {
		return err
	}
	defer closing(queue.Close)

	machine := newMachine(machineConfig{data: filepath.Join(data, "worker"), slots: o.slots, log: log})
	cfg := hub.Config{
		Store: records, Bus: queue, Log: log, Version: version, Pages: web.Handler(),
		Temp: filepath.Join(data, "tmp"), Examples: examples.Files,
	}
	if !o.noWorker {
		cfg.Trouble = machine.trouble
	}
	h := hub.New(cfg)
	if err := greet(ctx, stdout, listener.Addr(), records); err != nil {
		return err
	}

	// What fails for good ends everything.
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var behind, grading sync.WaitGroup
	background, endBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer behind.Wait()
	defer endBackground()
	behind.Go(func() {
		if err := h.Run(background); err != nil {
			fail(err)
		}
	})
	if !o.noWorker {
		defer grading.Wait()
		grading.Go(func() { machine.run(ctx, queue) })
	}
	server := &http.Server{
		Handler: h.Handler(), ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	server.RegisterOnShutdown(h.EndStreams)
	behind.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			fail(err)
		}
	})
	<-ctx.Done()
	if err := stopServer(context.WithoutCancel(ctx), server); err != nil {
		log.Warn("requests were cut off", "error", err)
	}
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// stopServer lets requests end that are being answered, for a while.
func stopServer(ctx context.Context, server *http.Server) error {
	ctx, cancel := context.WithTimeout(ctx, shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(ctx); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// takeFolder makes the data folder ours alone, and empties what only a
// running hub needs.
func takeFolder(name string) (dir string, release func() error, err error) {
	unusable := func(err error) error {
		return assay.Errorf(assay.Unavailable, "the data folder %s cannot be used: %w; choose another with --data", name, err)
	}
	if dir, err = filepath.Abs(name); err != nil {
		return "", nil, unusable(err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", nil, unusable(err)
	}
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return "", nil, unusable(err)
	}
	if err := lock(file); err != nil {
		taken := assay.Errorf(assay.Conflict, "another assay uses the data folder %s: stop it, or choose another folder with --data", name)
		return "", nil, errors.Join(taken, file.Close())
	}
	temp := filepath.Join(dir, "tmp")
	if err := errors.Join(os.RemoveAll(temp), os.Mkdir(temp, 0o700)); err != nil {
		return "", nil, errors.Join(unusable(err), file.Close())
	}
	return dir, file.Close, nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, assay.Errorf(assay.Conflict, "the address %s is in use by another program: stop that, or choose another with --listen", address)
	case err != nil:
		return nil, assay.Errorf(assay.Invalid, "cannot listen at %s: %w; choose another address with --listen", address, err)
	}
	return l, nil
}

// greet prints where the hub is, and until there is an administrator how to
// become it.
func greet(ctx context.Context, w io.Writer, at net.Addr, records *store.Store) error {
	address := "http://" + reachable(at)
	secret, err := records.NewSetupToken(ctx)
	if err != nil {
		return err
	}
	if secret == "" {
		_, err = fmt.Fprintf(w, "Assay is at %s\n", address)
	} else {
		_, err = fmt.Fprintf(w, "Assay is at %s\nMake the administrator: %s/setup?token=%s\n", address, address, secret)
	}
	return err
}

// reachable is an address that a browser on this machine can open.
func reachable(at net.Addr) string {
	tcp, ok := at.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		return at.String()
	}
	return net.JoinHostPort("localhost", fmt.Sprint(tcp.Port))
}
