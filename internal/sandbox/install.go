package sandbox

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/assay-project/assay/internal/assay"
)

// embedded holds the warden for each architecture, as make build leaves it.
//
//go:embed all:embedded
var embedded embed.FS

// InstallWarden writes the warden for an architecture (amd64, arm64) into a
// directory and returns its path, to be mounted into sandboxes. The directory
// must lie on the engine's machine. A warden of another build is never
// overwritten: sandboxes may be using it.
func InstallWarden(dir, arch string) (path string, err error) {
	binary, err := embedded.ReadFile("embedded/warden-" + arch)
	if errors.Is(err, fs.ErrNotExist) {
		return "", assay.Errorf(assay.Unavailable, "this program was built without a warden for %s: build it with make build", arch)
	}
	if err != nil {
		return "", err
	}
	dir, err = filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "warden-"+assay.DigestOf(binary).Hex()[:16])
	if have, err := os.ReadFile(path); err == nil && assay.DigestOf(have) == assay.DigestOf(binary) {
		return path, nil
	}
	tmp, err := os.CreateTemp(dir, ".warden-")
	if err != nil {
		return "", assay.Errorf(assay.Unavailable, "the warden cannot be written to %s: %w", dir, err)
	}
	_, err = tmp.Write(binary)
	if err = errors.Join(err, tmp.Chmod(0o555), tmp.Close()); err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return "", fmt.Errorf("install the warden: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return path, nil
}
