package hub

import (
	"context"
	"net/http"
	"time"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/store"
)

func (h *Hub) accountRoutes() {
	route(h, member, op("GET", "/api/v1/session", "get-session", "Who is signed in, and their courses"), h.getSession)
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
	SetCookie *http.Cookie `header:"Set-Cookie"`
	Body      Session
}

type signedOut struct {
	SetCookie *http.Cookie `header:"Set-Cookie"`
}

type signInInput struct {
	Body struct {
		Name     string `json:"name" minLength:"1" maxLength:"64"`
		Password string `json:"password" minLength:"1" maxLength:"1024"`
	}
}

type signOutInput struct {
	Session string `cookie:"assay_session" maxLength:"128"`
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
		Name          string `json:"name" pattern:"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$" doc:"Letters, digits and . _ @ + -"`
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
	session, err := h.session(ctx, actor(ctx))
	return answer(session), err
}

func (h *Hub) session(ctx context.Context, a assay.Actor) (Session, error) {
	courses, err := h.courses(ctx, a)
	return Session{User: a.User, Courses: courses}, err
}

func (h *Hub) signIn(ctx context.Context, in *signInInput) (*signedIn, error) {
	if err := h.throttle.admit(in.Body.Name, requestOf(ctx).remote); err != nil {
		return nil, err
	}
	user, err := h.cfg.Store.Authenticate(ctx, in.Body.Name, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return h.startSession(ctx, user)
}

func (h *Hub) startSession(ctx context.Context, user assay.User) (*signedIn, error) {
	secret, _, err := h.cfg.Store.AddSession(ctx, user.ID)
	if err != nil {
		return nil, err
	}
	session, err := h.session(ctx, assay.Actor{User: user})
	return &signedIn{SetCookie: cookie(ctx, secret, store.SessionLife), Body: session}, err
}

// cookie carries a session. A page of another site cannot read it, nor send
// it with anything but a link; over TLS it never travels without.
func cookie(ctx context.Context, secret string, life time.Duration) *http.Cookie {
	age := int(life.Seconds())
	if age == 0 {
		age = -1 // delete it
	}
	return &http.Cookie{
		Name: sessionCookie, Value: secret, Path: "/", MaxAge: age,
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: requestOf(ctx).tls,
	}
}

func (h *Hub) signOut(ctx context.Context, in *signOutInput) (*signedOut, error) {
	if in.Session != "" {
		if err := h.cfg.Store.DeleteSession(ctx, in.Session); err != nil {
			return nil, err
		}
	}
	return &signedOut{SetCookie: cookie(ctx, "", 0)}, nil
}

func (h *Hub) listTokens(ctx context.Context, _ *nothing) (*body[Page[assay.Token]], error) {
	tokens, err := h.cfg.Store.Tokens(ctx, actor(ctx).User.ID)
	return page(tokens), err
}

func (h *Hub) createToken(ctx context.Context, in *createTokenInput) (*body[NewToken], error) {
	if in.Body.Course != "" {
		if _, err := h.course(ctx, in.Body.Course); err != nil {
			return nil, err
		}
	}
	token, secret, err := h.cfg.Store.AddToken(ctx, actor(ctx).User.ID, in.Body.Course, in.Body.Name)
	return answer(NewToken{Token: token, Secret: secret}), err
}

func (h *Hub) deleteToken(ctx context.Context, in *ByID) (*nothing, error) {
	return nil, h.cfg.Store.DeleteToken(ctx, actor(ctx).User.ID, in.ID)
}

func (h *Hub) listUsers(ctx context.Context, _ *nothing) (*body[Page[assay.User]], error) {
	users, err := h.cfg.Store.Users(ctx)
	return page(users), err
}

func (h *Hub) createUser(ctx context.Context, in *createUserInput) (*body[assay.User], error) {
	user, err := h.cfg.Store.AddUser(ctx, in.Body.Name, in.Body.Password, in.Body.Administrator)
	return answer(user), err
}

func (h *Hub) changePassword(ctx context.Context, in *changePasswordInput) (*nothing, error) {
	me := actor(ctx).User
	if in.ID != me.ID {
		if !me.Administrator {
			return nil, assay.Errorf(assay.Forbidden, "Only an administrator may change another user's password.")
		}
		return nil, h.cfg.Store.SetPassword(ctx, in.ID, in.Body.Password)
	}
	// Whoever finds an unlocked screen must not be able to lock its user out.
	if err := h.throttle.admit(me.Name, requestOf(ctx).remote); err != nil {
		return nil, err
	}
	if _, err := h.cfg.Store.Authenticate(ctx, me.Name, in.Body.Current); err != nil {
		if assay.CodeOf(err) == assay.Unauthenticated {
			return nil, assay.Errorf(assay.Invalid, "The current password is wrong; type it again.")
		}
		return nil, err
	}
	return nil, h.cfg.Store.SetPassword(ctx, me.ID, in.Body.Password)
}

func (h *Hub) deleteUser(ctx context.Context, in *ByID) (*nothing, error) {
	return nil, h.cfg.Store.DeleteUser(ctx, in.ID)
}
