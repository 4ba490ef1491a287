// Package assay is the domain: what a grader, a job, a result, an image, a
// worker and a user are, and the rules they obey whatever technology carries
// them. It imports nothing but the standard library.
//
// The words, as used in code, API and pages:
//
//   - A course owns everything an instructor makes; a member is a user's role in it.
//   - An image is a named Dockerfile with its context files; every save is a
//     revision, and a build of a revision yields a digest.
//   - A grader says which image to use, within which limits, what to run and
//     how to score it. A submission is the files to be graded.
//   - A job is one grading of one submission by one grader; an attempt is one
//     try at a job on one worker.
//   - A verdict is how a job or a test ended; a result is verdict, score,
//     tests and usage.
//   - A worker is a machine that runs sandboxes. A sandbox is the container
//     or virtual machine of one job, used once; the warden is our process 1
//     inside it.
package assay
