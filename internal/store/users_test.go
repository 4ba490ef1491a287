package store_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-project/assay/internal/assay"
)

func TestPasswordIsAskedFor(t *testing.T) {
	s := open(t)
	ada, err := s.AddUser(t.Context(), "Ada", "correct horse", false)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Authenticate(t.Context(), "ada", "correct horse")
	if diff := cmp.Diff(ada, got); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
	_, wrong := s.Authenticate(t.Context(), "ada", "correct horse ")
	wantCode(t, wrong, assay.Unauthenticated)
	_, unknown := s.Authenticate(t.Context(), "bob", "correct horse")
	wantCode(t, unknown, assay.Unauthenticated)
	if wrong.Error() != unknown.Error() {
		t.Errorf("an unknown name (%v) can be told from a wrong password (%v)", unknown, wrong)
	}
	_, err = s.AddUser(t.Context(), "ADA", "another one", false)
	wantCode(t, err, assay.Conflict)
}

func TestSessionEnds(t *testing.T) {
	s := open(t)
	ada, err := s.AddUser(t.Context(), "ada", "correct horse", false)
	if err != nil {
		t.Fatal(err)
	}
	signIn := func() string {
		t.Helper()
		secret, _, err := s.AddSession(t.Context(), ada.ID)
		if err != nil {
			t.Fatal(err)
		}
		actor, err := s.SessionActor(t.Context(), secret)
		if diff := cmp.Diff(assay.Actor{User: ada}, actor); err != nil || diff != "" {
			t.Errorf("%v, %v", diff, err)
		}
		return secret
	}
	dead := func(secret string) {
		t.Helper()
		_, err := s.SessionActor(t.Context(), secret)
		wantCode(t, err, assay.Unauthenticated)
	}
	first, second := signIn(), signIn()
	if err := s.DeleteSession(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	dead(first)
	if err := s.SetPassword(t.Context(), ada.ID, "battery staple"); err != nil {
		t.Fatal(err)
	}
	dead(second)
	third := signIn()
	if _, err := s.AddUser(t.Context(), "root", "correct horse", true); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteUser(t.Context(), ada.ID); err != nil {
		t.Fatal(err)
	}
	dead(third)
	dead("guess")
}

func TestTokenActsForItsUserInItsCourse(t *testing.T) {
	s := open(t)
	ada, err := s.AddUser(t.Context(), "ada", "correct horse", false)
	if err != nil {
		t.Fatal(err)
	}
	course := addCourse(t, s, "cs101").ID
	for _, reach := range []string{"", course} {
		token, secret, err := s.AddToken(t.Context(), ada.ID, reach, "ci")
		if err != nil {
			t.Fatal(err)
		}
		actor, err := s.TokenActor(t.Context(), secret)
		if diff := cmp.Diff(assay.Actor{User: ada, Course: reach}, actor); err != nil || diff != "" {
			t.Errorf("%v, %v", diff, err)
		}
		listed, err := s.Tokens(t.Context(), ada.ID)
		if err != nil || len(listed) != 1 || listed[0].LastUsedAt == nil || listed[0].Course != reach {
			t.Errorf("%+v, %v", listed, err)
		}
		wantCode(t, s.DeleteToken(t.Context(), "somebody", token.ID), assay.NotFound)
		if err := s.DeleteToken(t.Context(), ada.ID, token.ID); err != nil {
			t.Fatal(err)
		}
		_, err = s.TokenActor(t.Context(), secret)
		wantCode(t, err, assay.Unauthenticated)
	}
}

func TestLastAdministratorStays(t *testing.T) {
	s := open(t)
	root, err := s.AddUser(t.Context(), "root", "correct horse", true)
	if err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.DeleteUser(t.Context(), root.ID), assay.Conflict)
}

func TestSetupHappensOnceWithTheNewestLink(t *testing.T) {
	s := open(t)
	setUp := func(secret string) error {
		_, _, err := s.SetUp(t.Context(), secret, "root", "correct horse", "example", "Example course")
		return err
	}
	wantCode(t, setUp(""), assay.Unauthenticated)
	link := func() string {
		t.Helper()
		secret, err := s.NewSetupToken(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	old, newest := link(), link()
	wantCode(t, setUp(old), assay.Unauthenticated)
	if err := setUp(newest); err != nil {
		t.Fatal(err)
	}
	wantCode(t, setUp(newest), assay.Conflict)
	if again := link(); again != "" {
		t.Error("there is another link after the set-up")
	}
	root, err := s.Authenticate(t.Context(), "root", "correct horse")
	if err != nil || !root.Administrator {
		t.Errorf("%+v, %v", root, err)
	}
	courses, roles, err := s.Courses(t.Context(), root)
	if err != nil || len(courses) != 1 || courses[0].Slug != "example" || roles[0] != assay.Administrator {
		t.Errorf("%+v %v, %v", courses, roles, err)
	}
}

func TestCoursesAreThoseOfTheirMembers(t *testing.T) {
	s := open(t)
	mine, other := addCourse(t, s, "cs101"), addCourse(t, s, "cs102")
	ada, err := s.AddUser(t.Context(), "ada", "correct horse", false)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.PutMember(t.Context(), mine.ID, ada.ID, assay.Instructor); err != nil {
			t.Fatal(err)
		}
	}
	courses, roles, err := s.Courses(t.Context(), ada)
	if diff := cmp.Diff([]assay.Course{mine}, courses); err != nil || diff != "" || roles[0] != assay.Instructor {
		t.Errorf("%v, %v, %v", diff, roles, err)
	}
	members, err := s.Members(t.Context(), mine.ID)
	if diff := cmp.Diff([]assay.Member{{Course: mine.ID, User: ada.ID, Name: "ada", Role: assay.Instructor}}, members); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
	wantCode(t, s.DeleteMember(t.Context(), other.ID, ada.ID), assay.NotFound)
	if err := s.DeleteMember(t.Context(), mine.ID, ada.ID); err != nil {
		t.Fatal(err)
	}
	courses, _, err = s.Courses(t.Context(), ada)
	if len(courses) != 0 || err != nil {
		t.Errorf("%v, %v", courses, err)
	}
	if changed, err := s.SetTitle(t.Context(), mine.ID, "New"); err != nil || changed.Title != "New" {
		t.Errorf("%+v, %v", changed, err)
	}
	_, err = s.AddCourse(t.Context(), "cs101", strings.Repeat("x", 10))
	wantCode(t, err, assay.Conflict)
}
