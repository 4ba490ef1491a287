// Package sandbox grades: one job in one sandbox, used once. It knows pools,
// the hand-over to the warden, limits and verdicts, and of the technology that
// makes sandboxes only the Launcher.
package sandbox

import (
	"context"

	"github.com/assay-project/assay/internal/assay"
)

// Launcher makes sandboxes.
type Launcher interface {
	// Launch makes and starts a sandbox whose warden was told nothing yet.
	Launch(ctx context.Context, shape assay.Shape) (assay.Launched, error)
	// List names what this owner made and what still exists.
	List(ctx context.Context) ([]string, error)
	// Remove kills and removes a sandbox; nil when it is gone already.
	Remove(ctx context.Context, id string) error
}
