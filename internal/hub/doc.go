// Package hub is the HTTP side of Assay: the API, its event streams, sign-in
// and the pages. It keeps records in the store, hands work to the bus, and
// listens to what the workers answer.
//
// A resource has a file: its routes first, then the handlers. Every route
// names the role that it needs; what belongs to a course is reached through
// that course's membership, and somebody else's answers as if it did not
// exist.
package hub
