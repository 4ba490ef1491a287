package hub

import (
	"context"
	"net/http"

	"github.com/assay-project/assay/internal/assay"
)

func (h *Hub) accountRoutes() {
	route(h, anyone, op("GET", "/api/v1/session", "get-session", "Who is signed in, and their courses"), h.getSession)
	route(h, anyone, op("POST", "/api/v1/session", "sign-in", "Sign in; sets the session cookie"), h.signIn)
	route(h, anyone, op("DELETE", "/api/v1/session", "sign-out", "End the session"), h.signOut)
	route(h, person, op("GET", "/api/v1/tokens", "list-tokens", "One's own API tokens"), h.listTokens)
	route(h, person, creates(op("POST", "/api/v1/tokens", "create-token", "Make an API token; the answer is the only one with its secret")), h.createToken)
	route(h, person, op("DELETE", "/api/v1/tokens/{id}", "delete-token", "Revoke an API token"), h.deleteToken)
	route(h, administrator, op("GET", "/api/v1/users", "list-users", "All users"), h.listUsers)
	route(h, administrator, creates(op("POST", "/api/v1/users", "create-user", "Make a user")), h.createUser)
	route(h, person, op("PUT", "/api/v1/users/{id}/password", "change-password", "Change a password; ends that user's sessions. One's own needs the current one"), h.changePassword)
	route(h, administrator, op("DELETE", "/api/v1/users/{id}", "delete-user", "Remove a user"), h.deleteUser)
}

// Session is who is signed in.
type Session struct {
	User    assay.User       `json:"user"`
	Courses []CourseWithRole `json:"courses"`
}

// CourseWithRole is a course and what the user may do in it.
type CourseWithRole struct {
	assay.Course
	Role assay.Role `json:"role" enum:"administrator,instructor"`
}

type signedIn struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
	Body      Session
}

type signedOut struct {
	SetCookie http.Cookie `header:"Set-Cookie"`
}

type signInInput struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
	}
}

type createTokenInput struct {
	Body struct {
		Name   string `json:"name" minLength:"1" maxLength:"64" doc:"What it is for"`
		Course string `json:"course,omitempty" maxLength:"64" doc:"Id of the only course it reaches; empty for all of yours"`
	}
}

// NewToken is a token with its secret, which is never shown again.
type NewToken struct {
	assay.Token
	Secret string `json:"secret" doc:"Send it as: Authorization: Bearer SECRET"`
}

type createUserInput struct {
	Body struct {
		Name          string `json:"name" minLength:"1" maxLength:"64"`
		Password      string `json:"password" minLength:"10" maxLength:"1024"`
		Administrator bool   `json:"administrator,omitempty"`
	}
}

type changePasswordInput struct {
	ByID
	Body struct {
		Current  string `json:"current,omitempty" maxLength:"1024" doc:"The current password, when it is one's own"`
		Password string `json:"password" minLength:"10" maxLength:"1024"`
	}
}

func (h *Hub) getSession(ctx context.Context, _ *nothing) (*body[Session], error) {
	return nil, errLater
}
func (h *Hub) signIn(ctx context.Context, in *signInInput) (*signedIn, error) { return nil, errLater }
func (h *Hub) signOut(ctx context.Context, _ *nothing) (*signedOut, error)    { return nil, errLater }
func (h *Hub) listTokens(ctx context.Context, _ *nothing) (*body[Page[assay.Token]], error) {
	return nil, errLater
}
func (h *Hub) createToken(ctx context.Context, in *createTokenInput) (*body[NewToken], error) {
	return nil, errLater
}
func (h *Hub) deleteToken(ctx context.Context, in *ByID) (*nothing, error) { return nil, errLater }
func (h *Hub) listUsers(ctx context.Context, _ *nothing) (*body[Page[assay.User]], error) {
	return nil, errLater
}
func (h *Hub) createUser(ctx context.Context, in *createUserInput) (*body[assay.User], error) {
	return nil, errLater
}
func (h *Hub) changePassword(ctx context.Context, in *changePasswordInput) (*nothing, error) {
	return nil, errLater
}
func (h *Hub) deleteUser(ctx context.Context, in *ByID) (*nothing, error) { return nil, errLater }

const sessionCookie = "assay_session"

var errLater = assay.Errorf(assay.Unavailable, "Not yet.")

func requestID(ctx context.Context) string { return "" }
