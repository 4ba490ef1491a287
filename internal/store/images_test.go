package store_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-project/assay/internal/assay"
	"github.com/assay-project/assay/internal/store"
)

func TestImageIsSavedOverItsNewestRevisionOnly(t *testing.T) {
	s := open(t)
	course := addCourse(t, s, "cs101").ID
	image, first, err := s.AddImage(t.Context(), course, "python", "FROM a", "ada")
	if err != nil {
		t.Fatal(err)
	}
	image, second, err := s.SaveImage(t.Context(), image.ID, "FROM b", "bob", 1)
	if err != nil || image.Revision != 2 {
		t.Fatalf("%+v, %v", image, err)
	}
	_, _, err = s.SaveImage(t.Context(), image.ID, "FROM c", "ada", 1)
	wantCode(t, err, assay.Conflict)
	_, _, err = s.SaveImage(t.Context(), "nothing", "FROM c", "ada", 1)
	wantCode(t, err, assay.NotFound)
	revisions, err := s.Revisions(t.Context(), image.ID)
	if diff := cmp.Diff([]assay.Revision{second, first}, revisions); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
	_, _, err = s.AddImage(t.Context(), course, "python", "FROM a", "ada")
	wantCode(t, err, assay.Conflict)
	listed, err := s.Images(t.Context(), nil, "pyt")
	if diff := cmp.Diff([]assay.Image{image}, listed); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
	if err := s.DeleteImage(t.Context(), image.ID); err != nil {
		t.Fatal(err)
	}
	_, err = s.Revision(t.Context(), image.ID, 1)
	wantCode(t, err, assay.NotFound)
}

func addBuild(t *testing.T, s *store.Store) (assay.Image, assay.Build) {
	t.Helper()
	image, _, err := s.AddImage(t.Context(), addCourse(t, s, "cs101").ID, "python", "FROM a", "ada")
	if err != nil {
		t.Fatal(err)
	}
	build, err := s.AddBuild(t.Context(), image, "ada")
	if err != nil {
		t.Fatal(err)
	}
	return image, build
}

func TestBuildEndsOnce(t *testing.T) {
	s := open(t)
	image, build := addBuild(t, s)
	waiting, err := s.UnpublishedBuilds(t.Context(), 10)
	if diff := cmp.Diff([]assay.Build{build}, waiting); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
	if p, n, got, err := s.BeginBuild(t.Context(), build.ID, false); err != nil || p != store.Go || n != 1 || got.State != assay.Running {
		t.Fatalf("%v %+v %v", p, got, err)
	}
	if p, _, _, err := s.BeginBuild(t.Context(), build.ID, false); err != nil || p != store.Busy {
		t.Errorf("again: %v, %v", p, err)
	}
	outcome := assay.BuildOutcome{
		Build: build.ID, State: assay.Done, Digest: "sha256:abc", Log: strings.Repeat("x", assay.MaxBuildLog+1),
		Steps: []assay.BuildStep{{ID: "v", Name: "[1/1] FROM a", Line: 1, State: assay.StepDone, Millis: 3}},
	}
	got, recorded, err := s.RecordBuild(t.Context(), outcome)
	if err != nil || !recorded || got.State != assay.Done || got.EndedAt == nil || got.ImageName != "python" || !cmp.Equal(got.Steps, outcome.Steps) {
		t.Errorf("%+v, %v, %v", got, recorded, err)
	}
	if _, recorded, err := s.RecordBuild(t.Context(), outcome); recorded || err != nil {
		t.Errorf("twice: %v, %v", recorded, err)
	}
	if image, err = s.Image(t.Context(), image.ID); err != nil || image.Digest != "sha256:abc" {
		t.Errorf("%+v, %v", image, err)
	}
	if log, err := s.BuildLog(t.Context(), build.ID); err != nil || len(log) != assay.MaxBuildLog {
		t.Errorf("%d bytes of log, %v", len(log), err)
	}
	listed, err := s.Builds(t.Context(), nil, image.ID, 10)
	if diff := cmp.Diff([]assay.Build{got}, listed); err != nil || diff != "" {
		t.Errorf("%v, %v", diff, err)
	}
	if p, _, _, err := s.BeginBuild(t.Context(), build.ID, true); err != nil || p != store.Gone {
		t.Errorf("after its end: %v, %v", p, err)
	}
}

func TestBuildIsCancelled(t *testing.T) {
	s := open(t)
	image, waiting := addBuild(t, s)
	got, running, err := s.CancelBuild(t.Context(), waiting.ID)
	if err != nil || running || got.State != assay.Cancelled || got.EndedAt == nil {
		t.Errorf("%+v, %v, %v", got, running, err)
	}
	_, _, err = s.CancelBuild(t.Context(), waiting.ID)
	wantCode(t, err, assay.Conflict)

	begun, err := s.AddBuild(t.Context(), image, "ada")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := s.BeginBuild(t.Context(), begun.ID, false); err != nil {
		t.Fatal(err)
	}
	if _, running, err := s.CancelBuild(t.Context(), begun.ID); err != nil || !running {
		t.Errorf("%v, %v", running, err)
	}
	if ids, err := s.BuildsToCancel(t.Context()); err != nil || !slices.Equal(ids, []string{begun.ID}) {
		t.Errorf("to be cancelled: %v, %v", ids, err)
	}
	if p, _, got, err := s.BeginBuild(t.Context(), begun.ID, true); err != nil || p != store.Gone || got.State != assay.Cancelled {
		t.Errorf("its worker died: %v %+v, %v", p, got, err)
	}
}
