package hub

import "context"

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
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"10" maxLength:"1024"`
	}
}

func (h *Hub) getSetup(ctx context.Context, _ *nothing) (*body[Setup], error)   { return nil, errLater }
func (h *Hub) setUp(ctx context.Context, in *setUpInput) (*signedIn, error)     { return nil, errLater }
func (h *Hub) getStatus(ctx context.Context, _ *nothing) (*body[Status], error) { return nil, errLater }
