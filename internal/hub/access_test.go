package hub_test

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/hub"
)

// routes is who may use which route. A route that is not here fails the test.
var routes = map[string]string{
	"get-setup": "anyone", "set-up": "anyone", "get-status": "anyone",
	"sign-in": "anyone", "sign-out": "anyone", "get-session": "member",
	"list-tokens": "person", "create-token": "person", "delete-token": "person",
	"list-users": "administrator", "create-user": "administrator", "delete-user": "administrator", "change-password": "person",
	"list-courses": "member", "create-course": "administrator", "get-course": "member", "change-course": "member",
	"list-members": "member", "put-member": "person", "delete-member": "person",
	"list-graders": "member", "create-grader": "member", "get-grader": "member", "delete-grader": "member", "put-grader-files": "member",
	"list-jobs": "member", "create-job": "member", "get-job": "member", "cancel-job": "member", "repeat-job": "member",
	"get-submission": "member", "watch-job": "member",
	"list-images": "member", "create-image": "member", "get-image": "member", "save-image": "member", "delete-image": "member",
	"list-revisions": "member", "get-revision": "member", "create-build": "member",
	"list-builds": "member", "get-build": "member", "get-build-log": "member", "cancel-build": "member", "watch-build": "member",
	"list-containers": "member", "list-workers": "member", "watch": "member",
}

// operation is a route as the OpenAPI document has it.
type operation struct {
	ID   string `json:"operationId"`
	Role string `json:"x-role"`

	method, path string
}

func operations(r *rig) []operation {
	var doc struct {
		Paths map[string]map[string]operation `json:"paths"`
	}
	r.root.do("GET", "/api/openapi.json", nil, 200, &doc)
	var all []operation
	for path, methods := range doc.Paths {
		for method, op := range methods {
			op.method, op.path = strings.ToUpper(method), path
			all = append(all, op)
		}
	}
	// What removes comes last, so that what it removes is there for others.
	rank := []string{"GET", "PUT", "PATCH", "POST", "DELETE"}
	slices.SortFunc(all, func(a, b operation) int {
		if d := slices.Index(rank, a.method) - slices.Index(rank, b.method); d != 0 {
			return d
		}
		return strings.Compare(a.path, b.path)
	})
	return all
}

func TestEveryRouteNamesItsRole(t *testing.T) {
	r := start(t)
	known := map[string]bool{}
	for _, op := range operations(r) {
		known[op.ID] = true
		if routes[op.ID] != op.Role {
			t.Errorf("%s %s (%s) is for %q, want %q", op.method, op.path, op.ID, op.Role, routes[op.ID])
		}
	}
	for id := range routes {
		if !known[id] {
			t.Errorf("there is no %s", id)
		}
	}
}

// things are one of everything in a course.
type things struct {
	course, grader, job, image, build, user, token string
}

func (r *rig) things(course string, c *client) things {
	r.t.Helper()
	grader := c.addGrader(course)
	var image assay.Image
	c.do("POST", "/api/v1/images", map[string]string{"course": course, "name": "python", "dockerfile": "FROM debian:bookworm"}, 201, &image)
	var build assay.Build
	c.do("POST", "/api/v1/images/"+image.ID+"/builds", nil, 201, &build)
	token, _, err := r.store.AddToken(r.t.Context(), c.user.ID, "", "for the walk")
	if err != nil {
		r.t.Fatal(err)
	}
	return things{course: course, grader: grader.ID, job: c.submit(grader.ID).ID, image: image.ID, build: build.ID, user: c.user.ID, token: token.ID}
}

// request is a well-made request of the operation that concerns the things.
func (o operation) request(t *testing.T, c *client, of things) *http.Request {
	t.Helper()
	path := strings.NewReplacer("{course}", of.course, "{user}", of.user, "{n}", "1").Replace(o.path)
	for part, id := range map[string]string{
		"graders": of.grader, "jobs": of.job, "images": of.image, "builds": of.build, "users": of.user, "tokens": of.token,
	} {
		path = strings.Replace(path, part+"/{id}", part+"/"+id, 1)
	}
	archive := graderZip(t)
	switch o.ID {
	case "create-grader":
		return c.uploadRequest(o.method, path, map[string]string{"course": of.course}, "g.zip", archive)
	case "put-grader-files":
		return c.uploadRequest(o.method, path, nil, "g.zip", archive)
	case "create-job":
		return c.uploadRequest(o.method, path, map[string]string{"grader": of.grader}, "a.zip", archive)
	}
	bodies := map[string]any{
		"set-up":          map[string]string{"token": "x", "name": "x", "password": password},
		"sign-in":         map[string]string{"name": "nobody", "password": "x"},
		"create-token":    map[string]string{"name": "ci", "course": of.course},
		"create-user":     map[string]string{"name": "root", "password": password},
		"change-password": map[string]string{"password": password, "current": "wrong"},
		"create-course":   map[string]string{"slug": "example", "title": "x"},
		"change-course":   map[string]string{"title": "x"},
		"put-member":      map[string]string{"role": "instructor"},
		"create-image":    map[string]string{"course": of.course, "name": "python", "dockerfile": "FROM a"},
		"save-image":      map[string]any{"dockerfile": "FROM b", "base_revision": 1},
	}
	return c.request(o.method, path, bodies[o.ID])
}

// as is a client that acts through an API token.
func (r *rig) as(user assay.User, course string) *client {
	r.t.Helper()
	_, secret, err := r.store.AddToken(r.t.Context(), user.ID, course, "walk")
	if err != nil {
		r.t.Fatal(err)
	}
	return &client{rig: r, http: &http.Client{}, token: secret, user: user}
}

func TestRoutesAreForTheirRoles(t *testing.T) {
	r := start(t)
	other, err := r.store.AddCourse(t.Context(), "other", "Other")
	if err != nil {
		t.Fatal(err)
	}
	ada, bob := r.user("ada", r.course.ID), r.user("bob", other.ID)
	root, err := r.store.User(t.Context(), "root")
	if err != nil {
		t.Fatal(err)
	}
	of := r.things(r.course.ID, ada)

	// What each role gets for what belongs to the course. Empty: it may, so
	// anything but the refusals.
	refused := func(op operation, who string) int {
		lists := !strings.Contains(op.path, "{") && op.method == "GET"
		switch who {
		case "nobody":
			if op.Role != "anyone" && op.ID != "sign-in" {
				return 401
			}
		case "instructor", "token of the course":
			if op.Role == "administrator" || op.ID == "change-password" || (who == "token of the course" && op.Role == "person") {
				return 403
			}
		case "instructor of another course", "token of another course":
			switch {
			case op.Role == "administrator", who == "token of another course" && op.Role == "person":
				return 403
			case op.Role == "anyone" || lists || op.ID == "watch":
				return 0
			case op.ID == "change-password":
				return 403
			}
			return 404
		}
		return 0
	}
	for _, who := range []struct {
		name   string
		client *client
	}{
		{"nobody", r.client()},
		{"instructor of another course", r.as(bob.user, "")},
		{"token of another course", r.as(root, other.ID)},
		{"token of the course", r.as(ada.user, r.course.ID)},
		{"instructor", r.as(ada.user, "")},
		{"administrator", r.as(root, "")},
	} {
		t.Run(who.name, func(t *testing.T) {
			own := of
			if refused(operation{Role: "member", path: "{id}"}, who.name) == 0 {
				// Those who may remove things get things of their own.
				course, err := r.store.AddCourse(t.Context(), strings.ReplaceAll(who.name, " ", "-"), "")
				if err == nil {
					err = r.store.PutMember(t.Context(), course.ID, ada.user.ID, assay.Instructor)
				}
				if err != nil {
					t.Fatal(err)
				}
				own = r.things(course.ID, ada)
				own.user = bob.user.ID
				own.token = r.as(who.client.user, "").firstToken()
				who.client = r.as(who.client.user, scope(who.name, course.ID))
			}
			for _, op := range operations(r) {
				resp, err := who.client.http.Do(op.request(t, who.client, own))
				if err != nil {
					t.Fatal(err)
				}
				want := refused(op, who.name)
				got := resp.StatusCode
				if want == 0 && (got == 401 && op.ID != "sign-in" && op.ID != "set-up" || got == 403 || got == 404 || got >= 500) || want != 0 && got != want {
					raw, _ := io.ReadAll(resp.Body) //nolint:errcheck // for the message alone
					t.Errorf("%s %s (%s): %d %s, want %d", op.method, op.path, op.Role, got, raw, want)
				}
				resp.Body.Close() //nolint:errcheck // it was only read
			}
		})
	}
}

func scope(who, course string) string {
	if who == "token of the course" {
		return course
	}
	return ""
}

// firstToken is a token of the client's user: the newest.
func (c *client) firstToken() string {
	c.t.Helper()
	tokens, err := c.store.Tokens(c.t.Context(), c.user.ID)
	if err != nil || len(tokens) == 0 {
		c.t.Fatal(tokens, err)
	}
	return tokens[0].ID
}

func TestListsHaveOnesOwnOnly(t *testing.T) {
	r := start(t)
	other, err := r.store.AddCourse(t.Context(), "other", "Other")
	if err != nil {
		t.Fatal(err)
	}
	ada, bob := r.user("ada", r.course.ID), r.user("bob", other.ID)
	r.things(r.course.ID, ada)
	for _, path := range []string{"graders", "jobs", "images", "builds"} {
		for who, want := range map[*client]int{ada: 1, r.root: 1, bob: 0} {
			var list hub.Page[map[string]any]
			who.do("GET", "/api/v1/"+path, nil, 200, &list)
			if len(list.Items) != want {
				t.Errorf("%s: %d items, want %d", path, len(list.Items), want)
			}
		}
		ada.do("GET", "/api/v1/"+path+"?course="+r.course.ID, nil, 200, nil)
		bob.do("GET", "/api/v1/"+path+"?course="+r.course.ID, nil, 404, nil)
	}
}
