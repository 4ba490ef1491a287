// Package examples holds graders that run, for instructors to look at and to
// copy, and for a new hub to begin with.
package examples

import "embed"

// Files are the graders, a folder each, with their sample submissions.
//
//go:embed fizzbuzz-python words-c bank-account
var Files embed.FS
