// Package bus is what hub and workers speak over: the queues of jobs and
// builds, their outcomes, the store of files, and live messages. It is NATS
// with JetStream, embedded in the process or an external cluster, and the
// only room that knows so; everybody else sees types of the domain.
//
// Subjects:
//
//	jobs.<pool>.<priority>   stream JOBS, work queue: assay.Ticket
//	builds.<pool>            stream BUILDS, work queue: assay.BuildTicket
//	results.job, .build      stream RESULTS, work queue: assay.Outcome, assay.BuildOutcome
//	files.<sha256>.<n>       stream FILES: chunk n of the object with that digest
//	wake.>                   republished by JOBS and BUILDS once a ticket is stored
//	ask.begin.job, .build    request and reply: may I begin?
//	live.>                   progress, figures, changes, cancellations: may be lost
//
// Delivery is at least once. Nothing is acknowledged before what follows from
// it is stored: a ticket after its outcome is in RESULTS, an outcome after
// the hub has written its row. Whoever takes part may be hostile or of
// another version: a message that is too large is refused, one that cannot be
// read is logged and taken out of the queue.
package bus
