package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/store"
)

func upload(name, content string) store.Upload {
	exit := 0
	return store.Upload{
		Files: assay.DigestOf([]byte(content)), By: "ada", YAML: content, Samples: []string{"correct"},
		Listing: []store.File{{Path: "grader.yaml", Size: int64(len(content))}},
		Spec: &assay.Grader{
			Name: name, Image: assay.ImageSource{Reference: "debian:bookworm"}, Runtime: "runc", Network: assay.NetworkNone,
			Limits: assay.DefaultLimits, Submission: assay.DefaultSubmissionRules,
			Build: &assay.Step{Command: []string{"make"}, Points: 1},
			Tests: []assay.Test{{
				Name: "prints", Step: assay.Step{Command: []string{"./a.out"}, Points: 2}, As: assay.AsStudent, Stdin: []byte("3\n\x00"), Exit: &exit,
				Stdout: &assay.Check{Kind: assay.CheckTokens, Text: "1 2 3", Tolerance: 0.1}, Hidden: true,
			}},
		},
	}
}

func TestGraderKeepsItsRevisions(t *testing.T) {
	s := open(t)
	course := addCourse(t, s, "cs101").ID
	first := upload("fizzbuzz", "one")
	grader, err := s.AddGrader(t.Context(), course, first)
	if err != nil {
		t.Fatal(err)
	}
	if grader.Revision != 1 || grader.MaxScore != 3 || grader.Tests != 1 || grader.Files != first.Files {
		t.Errorf("%+v", grader)
	}
	got, err := s.Upload(t.Context(), grader)
	if diff := cmp.Diff(first, got); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
	second := upload("fizzbuzz-2", "two")
	grader, err = s.AddUpload(t.Context(), grader.ID, second)
	if err != nil || grader.Revision != 2 || grader.Name != "fizzbuzz-2" || grader.Files != second.Files {
		t.Errorf("%+v, %v", grader, err)
	}
	stored, err := s.Grader(t.Context(), grader.ID)
	if diff := cmp.Diff(grader, stored); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
	listed, err := s.Graders(t.Context(), []string{course}, "FIZZ")
	if diff := cmp.Diff([]assay.StoredGrader{grader}, listed); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}

	if _, err := s.AddGrader(t.Context(), course, first); err != nil {
		t.Errorf("a name that is free again: %v", err)
	}
	_, err = s.AddGrader(t.Context(), course, first)
	wantCode(t, err, assay.Conflict)
	_, err = s.AddUpload(t.Context(), grader.ID, first)
	wantCode(t, err, assay.Conflict)
	_, err = s.AddUpload(t.Context(), "nothing", second)
	wantCode(t, err, assay.NotFound)
	if err := s.DeleteGrader(t.Context(), grader.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.Grader(t.Context(), grader.ID)
	wantCode(t, err, assay.NotFound)
}
