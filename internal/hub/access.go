package hub

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/assay-project/assay/internal/assay"
)

const sessionCookie = "assay_session"

// authenticate finds out who makes a request. A bearer token goes before a
// cookie.
func (h *Hub) authenticate(ctx context.Context, r *http.Request) (assay.Actor, error) {
	if scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return h.cfg.Store.TokenActor(ctx, secret)
	}
	cookie, err := r.Cookie(sessionCookie)
	if err != nil || cookie.Value == "" {
		return assay.Actor{}, assay.Errorf(assay.Unauthenticated, "Nobody is signed in; sign in, or send a token.")
	}
	return h.cfg.Store.SessionActor(ctx, cookie.Value)
}

type actorKey struct{}

// actor is who makes the request; routes that anyone may use have none.
func actor(ctx context.Context) assay.Actor {
	a, _ := ctx.Value(actorKey{}).(assay.Actor)
	return a
}

// require lets a request through whose actor has the role.
func (h *Hub) require(role need) func(huma.Context, func(huma.Context)) {
	return func(c huma.Context, next func(huma.Context)) {
		a, err := requestOf(c.Context()).who(c.Context())
		if err == nil {
			err = permitted(a, role)
		}
		if err != nil {
			r, w := humago.Unwrap(c)
			h.refuse(w, r, err)
			return
		}
		next(huma.WithValue(c, actorKey{}, a))
	}
}

func permitted(a assay.Actor, role need) error {
	switch {
	case role == member:
		return nil
	case a.Course != "":
		return assay.Errorf(assay.Forbidden, "This token reaches one course alone; use one without a course, or sign in.")
	case role == administrator && !a.User.Administrator:
		return assay.Errorf(assay.Forbidden, "Only an administrator may do this.")
	}
	return nil
}

// reach is the ids of the courses that the actor may see and change; nil is
// all of them.
func (h *Hub) reach(ctx context.Context, a assay.Actor) ([]string, error) {
	if a.User.Administrator && a.Course == "" {
		return nil, nil
	}
	courses, err := h.courses(ctx, a)
	ids := make([]string, len(courses))
	for i, c := range courses {
		ids[i] = c.ID
	}
	return ids, err
}

// courses lists the courses that the actor reaches, with the role in each.
func (h *Hub) courses(ctx context.Context, a assay.Actor) ([]CourseWithRole, error) {
	courses, roles, err := h.cfg.Store.Courses(ctx, a.User)
	if err != nil {
		return nil, err
	}
	reached := []CourseWithRole{}
	for i, c := range courses {
		if a.Course == "" || a.Course == c.ID {
			reached = append(reached, CourseWithRole{Course: c, Role: roles[i]})
		}
	}
	return reached, nil
}

// within reports whether a course is one of those reached.
func within(reach []string, course string) bool {
	return reach == nil || slices.Contains(reach, course)
}

// allow refuses whoever does not reach the course, with the very words that
// the store has for what does not exist.
func (h *Hub) allow(ctx context.Context, what, course string) error {
	reach, err := h.reach(ctx, actor(ctx))
	if err != nil {
		return err
	}
	if !within(reach, course) {
		return assay.Errorf(assay.NotFound, "There is no such %s, or it is not yours to see.", what)
	}
	return nil
}

// narrow is the courses of a list: those reached, or the one asked for.
func (h *Hub) narrow(ctx context.Context, course string) ([]string, error) {
	if course == "" {
		return h.reach(ctx, actor(ctx))
	}
	if _, err := h.course(ctx, course); err != nil {
		return nil, err
	}
	return []string{course}, nil
}

// course finds a course that the actor reaches.
func (h *Hub) course(ctx context.Context, id string) (CourseWithRole, error) {
	courses, err := h.courses(ctx, actor(ctx))
	if err != nil {
		return CourseWithRole{}, err
	}
	for _, c := range courses {
		if c.ID == id {
			return c, nil
		}
	}
	return CourseWithRole{}, assay.Errorf(assay.NotFound, "There is no such course, or it is not yours to see.")
}
