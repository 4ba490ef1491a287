package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/store"
)

func open(t *testing.T) *store.Store {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "assay.db"))
}

func openAt(t *testing.T, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func addCourse(t *testing.T, s *store.Store, slug string) assay.Course {
	t.Helper()
	course, err := s.AddCourse(t.Context(), slug, "Course "+slug)
	if err != nil {
		t.Fatal(err)
	}
	return course
}

func addJob(t *testing.T, s *store.Store, course string) assay.Job {
	t.Helper()
	job, err := s.AddJob(context.WithoutCancel(t.Context()), assay.Job{
		Course: course, Grader: "g", GraderName: "fizzbuzz", Label: "ada.zip", Priority: assay.Normal, Runtime: "runc",
		Files: assay.DigestOf([]byte("grader")), Submission: assay.DigestOf([]byte("submission")), MaxScore: 10, By: "ada",
	})
	if err != nil {
		t.Fatal(err)
	}
	return job
}

func wantCode(t *testing.T, err error, code assay.Code) {
	t.Helper()
	if err == nil || assay.CodeOf(err) != code {
		t.Errorf("got %v, want an error of code %s", err, code)
	}
}
