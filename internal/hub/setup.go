package hub

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
)

func (h *Hub) setupRoutes() {
	route(h, anyone, op("GET", "/api/v1/setup", "get-setup", "Whether the administrator is still to be made"), h.getSetup)
	route(h, anyone, op("POST", "/api/v1/setup", "set-up", "Make the administrator and the example course, with the token of the link that the hub printed; sets the session cookie"), h.setUp)
	route(h, anyone, op("GET", "/api/v1/status", "get-status", "Version, and whether the hub is ready"), h.getStatus)
}

// Setup says whether the hub is new.
type Setup struct {
	Needed bool `json:"needed"`
}

// Status is how the hub is.
type Status struct {
	Version string `json:"version"`
	Ready   bool   `json:"ready" doc:"Whether jobs can be graded: at least one worker is there"`
	Message string `json:"message,omitempty" doc:"What is missing, and what to do"`
}

type setUpInput struct {
	Body struct {
		Token    string `json:"token" minLength:"1" maxLength:"128" doc:"From the set-up link"`
		Name     string `json:"name" pattern:"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$" doc:"Letters, digits and . _ @ + -"`
		Password string `json:"password" minLength:"10" maxLength:"1024"`
	}
}

func (h *Hub) getSetup(ctx context.Context, _ *nothing) (*body[Setup], error) {
	needed, err := h.cfg.Store.SetupNeeded(ctx)
	return answer(Setup{Needed: needed}), err
}

func (h *Hub) setUp(ctx context.Context, in *setUpInput) (*signedIn, error) {
	user, course, err := h.cfg.Store.SetUp(ctx, in.Body.Token, in.Body.Name, in.Body.Password, "example", "Example course")
	if err != nil {
		return nil, err
	}
	// Without the examples Assay works as well: they must not keep the
	// administrator out.
	if err := h.addExamples(ctx, user, course); err != nil {
		h.log.ErrorContext(ctx, "the example course is incomplete", "error", cause(err))
	}
	return h.startSession(ctx, user)
}

func (h *Hub) addExamples(ctx context.Context, user assay.User, course assay.Course) error {
	if h.cfg.Examples == nil {
		return nil
	}
	folders, err := fs.ReadDir(h.cfg.Examples, ".")
	if err != nil {
		return err
	}
	var failures []error
	for _, folder := range folders {
		if folder.IsDir() {
			failures = append(failures, h.addExample(ctx, user, course, folder.Name()))
		}
	}
	return errors.Join(failures...)
}

func (h *Hub) addExample(ctx context.Context, user assay.User, course assay.Course, name string) error {
	files, err := fs.Sub(h.cfg.Examples, name)
	if err != nil {
		return err
	}
	packed, err := h.scratch()
	if err != nil {
		return err
	}
	defer packed.Close() //nolint:errcheck // it was only read, and is gone
	summary, err := archive.Pack(files, packed, archive.DefaultLimits, nil)
	if err != nil {
		return about("example "+name, err)
	}
	if err := h.keep(ctx, summary, packed); err != nil {
		return err
	}
	upload, err := h.readGrader(summary, packed, user.Name)
	if err != nil {
		return err
	}
	_, err = h.cfg.Store.AddGrader(ctx, course.ID, upload)
	return err
}

func (h *Hub) getStatus(ctx context.Context, _ *nothing) (*body[Status], error) {
	status := Status{Version: h.cfg.Version, Ready: h.live.ready()}
	if !status.Ready {
		status.Message = "No worker is connected yet; jobs wait until one is."
		// What exactly is wrong with the machine is not for everybody.
		if _, err := requestOf(ctx).who(ctx); err == nil && h.cfg.Trouble != nil {
			status.Message = cmp.Or(h.cfg.Trouble(), status.Message)
		}
	}
	return answer(status), nil
}
