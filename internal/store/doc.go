// Package store keeps the records: users, courses, graders, jobs with their
// results, images and builds. It is the only room that knows SQL.
//
// What changes a job's or a build's state is one conditional UPDATE: whoever
// comes second changes nothing and is told so. That is how a job ends once,
// whatever is delivered twice or dies in between.
package store
