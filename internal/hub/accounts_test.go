package hub_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/hub"
)

func TestSetupIsForWhoHasTheLink(t *testing.T) {
	r := startNew(t)
	c := r.client()
	var s hub.Setup
	c.do("GET", "/api/v1/setup", nil, 200, &s)
	if !s.Needed {
		t.Error("a new hub needs no set-up")
	}
	body := map[string]string{"token": "guess", "name": "root", "password": password}
	if p := problem(t, c, c.request("POST", "/api/v1/setup", body), 401); !strings.Contains(p.Detail, "link") {
		t.Errorf("%+v", p)
	}
	secret, err := r.store.NewSetupToken(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	body["token"], body["password"] = secret, "short"
	problem(t, c, c.request("POST", "/api/v1/setup", body), 422)
	body["password"] = password
	var session hub.Session
	c.do("POST", "/api/v1/setup", body, 200, &session)
	if !session.User.Administrator || len(session.Courses) != 1 || session.Courses[0].Slug != "example" {
		t.Errorf("%+v", session)
	}
	c.do("GET", "/api/v1/session", nil, 200, nil) // the cookie works
	c.do("GET", "/api/v1/setup", nil, 200, &s)
	if s.Needed {
		t.Error("it is still needed")
	}
	problem(t, c, c.request("POST", "/api/v1/setup", body), 409)
}

func TestSessionEndsWithItsPassword(t *testing.T) {
	r := start(t)
	ada := r.user("ada", r.course.ID)
	stolen := r.client()
	stolen.signIn("ada", password)
	change := map[string]string{"current": "wrong password", "password": "battery staple"}
	path := "/api/v1/users/" + ada.user.ID + "/password"
	problem(t, ada, ada.request("PUT", path, change), 400)
	change["current"] = password
	ada.do("PUT", path, change, 204, nil)
	problem(t, stolen, stolen.request("GET", "/api/v1/session", nil), 401)
	problem(t, ada, ada.request("GET", "/api/v1/session", nil), 401)
	problem(t, ada, ada.request("POST", "/api/v1/session", map[string]string{"name": "ada", "password": password}), 401)
	ada.signIn("ada", "battery staple")
	ada.do("DELETE", "/api/v1/session", nil, 204, nil)
	problem(t, ada, ada.request("GET", "/api/v1/session", nil), 401)
}

func TestTokenIsShownOnce(t *testing.T) {
	r := start(t)
	ada := r.user("ada", r.course.ID)
	var made hub.NewToken
	ada.do("POST", "/api/v1/tokens", map[string]string{"name": "ci", "course": r.course.ID}, 201, &made)
	program := r.client()
	program.token = made.Secret
	var session hub.Session
	program.do("GET", "/api/v1/session", nil, 200, &session)
	if session.User.ID != ada.user.ID || len(session.Courses) != 1 {
		t.Errorf("%+v", session)
	}
	var list hub.Page[map[string]any]
	ada.do("GET", "/api/v1/tokens", nil, 200, &list)
	if len(list.Items) != 1 || list.Items[0]["secret"] != nil {
		t.Errorf("%+v", list)
	}
	ada.do("DELETE", "/api/v1/tokens/"+made.ID, nil, 204, nil)
	problem(t, program, program.request("GET", "/api/v1/session", nil), 401)
	program.token = "wrong"
	if p := problem(t, program, program.request("GET", "/api/v1/jobs", nil), 401); !strings.Contains(p.Detail, "token") {
		t.Errorf("%+v", p)
	}
	problem(t, ada, ada.request("POST", "/api/v1/tokens", map[string]string{"name": "ci", "course": "nothing"}), 404)
}

func TestGuessingIsSlowedDown(t *testing.T) {
	r := start(t)
	guess := map[string]string{"name": "root", "password": "guess"}
	c := r.client()
	var last *http.Response
	for range 11 {
		resp, err := c.http.Do(c.request("POST", "/api/v1/session", guess))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close() //nolint:errcheck // it was not read
		last = resp
	}
	if last.StatusCode != 429 {
		t.Errorf("the eleventh try: %d", last.StatusCode)
	}
	// Nobody else is kept out.
	r.user("ada", "")
}

func TestOtherSitesRequestsAreRefused(t *testing.T) {
	r := start(t)
	for name, header := range map[string]map[string]string{
		"a modern browser": {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"},
		"an older browser": {"Origin": "https://evil.example"},
		"a sibling":        {"Sec-Fetch-Site": "same-site"},
	} {
		t.Run(name, func(t *testing.T) {
			req := r.root.request("POST", "/api/v1/courses", map[string]string{"slug": "evil", "title": "x"})
			for k, v := range header {
				req.Header.Set(k, v)
			}
			problem(t, r.root, req, 403)
		})
	}
	var courses hub.Page[assay.Course]
	r.root.do("GET", "/api/v1/courses", nil, 200, &courses)
	if len(courses.Items) != 1 {
		t.Errorf("%+v", courses)
	}
	own := r.root.request("POST", "/api/v1/courses", map[string]string{"slug": "own", "title": "x"})
	own.Header.Set("Sec-Fetch-Site", "same-origin")
	r.root.send(own, 201, nil)
}

func TestCookieIsConfined(t *testing.T) {
	r := start(t)
	signIn := func(overTLS bool) *http.Cookie {
		t.Helper()
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/api/v1/session", strings.NewReader(`{"name":"root","password":"`+password+`"}`))
		req.Header.Set("Content-Type", "application/json")
		if overTLS {
			req.TLS = &tls.ConnectionState{}
		}
		w := httptest.NewRecorder()
		r.hub.Handler().ServeHTTP(w, req)
		cookies := w.Result().Cookies()
		if w.Code != 200 || len(cookies) != 1 {
			t.Fatalf("%d %s %v", w.Code, w.Body, cookies)
		}
		return cookies[0]
	}
	for _, overTLS := range []bool{false, true} {
		c := signIn(overTLS)
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure != overTLS || c.Path != "/" || c.MaxAge <= 0 {
			t.Errorf("TLS %v: %+v", overTLS, c)
		}
	}
}

func TestPagesAreConfined(t *testing.T) {
	r := start(t, func(cfg *hub.Config) {
		cfg.Pages = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if _, err := w.Write([]byte("<title>")); err != nil {
				t.Error(err)
			}
		})
	})
	for _, path := range []string{"/", "/api/v1/session"} {
		header := r.root.do("GET", path, nil, 200, nil)
		policy := header.Get("Content-Security-Policy")
		script, _, _ := strings.Cut(policy, "style-src")
		if !strings.HasPrefix(policy, "default-src 'self';") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(script, "unsafe") {
			t.Errorf("%s: policy %q", path, policy)
		}
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", path, header)
		}
	}
	r.root.do("GET", "/healthz", nil, 200, nil)
	r.root.do("GET", "/api/nothing", nil, 404, nil)
}

func TestMembersAreKept(t *testing.T) {
	r := start(t)
	ada, bob := r.user("ada", r.course.ID), r.user("bob", "")
	path := "/api/v1/courses/" + r.course.ID + "/members/"
	var m assay.Member
	ada.do("PUT", path+"bob", map[string]string{"role": "instructor"}, 200, &m)
	if m.User != bob.user.ID || m.Role != assay.Instructor {
		t.Errorf("%+v", m)
	}
	bob.do("GET", "/api/v1/courses/"+r.course.ID, nil, 200, nil)
	problem(t, ada, ada.request("PUT", path+"bob", map[string]string{"role": "administrator"}), 422)
	ada.do("DELETE", path+bob.user.ID, nil, 204, nil)
	bob.do("GET", "/api/v1/courses/"+r.course.ID, nil, 404, nil)
}

func TestStaleImageIsNotSavedOver(t *testing.T) {
	r := start(t)
	var image assay.Image
	r.root.do("POST", "/api/v1/images", map[string]string{"course": r.course.ID, "name": "python", "dockerfile": "FROM a"}, 201, &image)
	var detail hub.ImageDetail
	r.root.do("PUT", "/api/v1/images/"+image.ID, map[string]any{"dockerfile": "FROM b", "base_revision": 1}, 200, &detail)
	if detail.Image.Revision != 2 || detail.Revision.Dockerfile != "FROM b" || detail.Revision.By != "root" {
		t.Errorf("%+v", detail)
	}
	problem(t, r.root, r.root.request("PUT", "/api/v1/images/"+image.ID, map[string]any{"dockerfile": "FROM c", "base_revision": 1}), 409)
	problem(t, r.root, r.root.request("POST", "/api/v1/images", map[string]string{"course": r.course.ID, "name": "Not A Name", "dockerfile": ""}), 422)
}
