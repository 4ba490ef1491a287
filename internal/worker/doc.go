// Package worker grades: it takes jobs and builds from the bus, gets the
// grader's image built and gives the submission to a sandbox. Without a bus
// it does the same for the command line.
//
// Who is to blame decides how a job ends. A submission or a grader that
// cannot be used is a result (rejected, with the reason); everything else is
// an error: the job goes back to the queue, and after assay.MaxAttempts it
// has failed, without a score.
package worker
