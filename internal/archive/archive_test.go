package archive

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assay-project/assay/internal/assay"
)

var small = Limits{Size: 1 << 20, Expanded: 4 << 20, Files: 100, Depth: 8}

// Archives are made with the standard library, which believes what it is told.

func zipOf(t testing.TB, headers ...zip.FileHeader) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, h := range headers {
		f, err := w.CreateHeader(&h)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(h.Name, "/") {
			if _, err := io.WriteString(f, "content of "+h.Name); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zipNames(t testing.TB, names ...string) []byte {
	t.Helper()
	headers := make([]zip.FileHeader, len(names))
	for i, n := range names {
		headers[i].Name = n
	}
	return zipOf(t, headers...)
}

func zipMode(t testing.TB, name string, mode fs.FileMode) []byte {
	t.Helper()
	h := zip.FileHeader{Name: name}
	h.SetMode(mode)
	return zipOf(t, h)
}

// rawZip is a stored zip whose sizes and flags may lie.
func rawZip(t testing.TB, content []byte, stated uint64, flags uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.CreateRaw(&zip.FileHeader{
		Name: "a", Flags: flags, Method: zip.Store, CRC32: crc32.ChecksumIEEE(content),
		CompressedSize64: uint64(len(content)), UncompressedSize64: stated,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func tarOf(t testing.TB, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		content := "content of " + h.Name
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(content))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := io.WriteString(w, content); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gzipOf(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zeros(t testing.TB, n int64, write func(io.Writer) (io.Writer, func() error)) []byte {
	t.Helper()
	var b bytes.Buffer
	w, done := write(&b)
	if _, err := io.CopyN(w, zeroes{}, n); err != nil {
		t.Fatal(err)
	}
	if err := done(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type zeroes struct{}

func (zeroes) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func normalizeBytes(b []byte, name string, lim Limits) ([]byte, Summary, error) {
	var out bytes.Buffer
	s, err := Normalize(bytes.NewReader(b), int64(len(b)), name, &out, lim)
	return out.Bytes(), s, err
}

// content reads a canonical archive back.
func content(t testing.TB, canonical []byte, lim Limits) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := Each(bytes.NewReader(canonical), lim, func(f File, r io.Reader) error {
		b, err := io.ReadAll(r)
		name := f.Path
		if f.Executable {
			name += "*"
		}
		got[name] = string(b)
		if int64(len(b)) != f.Size {
			t.Errorf("%s: %d bytes, stated %d", f.Path, len(b), f.Size)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestHostileArchivesAreRefused(t *testing.T) {
	reg := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644} }
	many := make([]string, small.Files+1)
	for i := range many {
		many[i] = fmt.Sprint("f", i)
	}
	million := func() []byte { // directory entries of 46 bytes that all name one file
		one := rawZip(t, nil, 0, 0)
		end := bytes.LastIndex(one, []byte("PK\x05\x06"))
		dir := bytes.LastIndex(one, []byte("PK\x01\x02"))
		entries := bytes.Repeat(one[dir:end], 15000)
		b := append(append(one[:dir:dir], entries...), one[end:]...)
		tail := b[len(b)-22:]
		binary.LittleEndian.PutUint16(tail[8:], 15000)
		binary.LittleEndian.PutUint16(tail[10:], 15000)
		binary.LittleEndian.PutUint32(tail[12:], uint32(len(entries)))
		return b
	}()
	liar := bytes.Clone(million)
	binary.LittleEndian.PutUint16(liar[len(liar)-12:], 1)
	deep := strings.Repeat("d/", 10000)
	var nested bytes.Buffer
	w := tar.NewWriter(&nested)
	if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: deep, Format: tar.FormatPAX}); err != nil {
		t.Fatal(err)
	}

	for _, test := range []struct {
		what  string
		name  string
		bytes []byte
		code  assay.Code
		want  string // part of the message
	}{
		{"nothing", "a.zip", nil, assay.Invalid, "it is empty"},
		{"not an archive", "a.zip", []byte("hello"), assay.Invalid, "not in the format"},
		{"not a tar", "a.tar", bytes.Repeat([]byte("hello"), 500), assay.Invalid, "not in the format"},
		{"not a gzip", "a.tar.gz", []byte("hello, I am no archive"), assay.Invalid, "not in the format"},
		{"not a tar within", "a.tar.gz", gzipOf(t, bytes.Repeat([]byte("hello"), 500)), assay.Invalid, "not in the format"},
		{"7z", "a.7z", []byte("7z\xbc\xaf\x27\x1c..."), assay.Invalid, "7z archives are not supported"},
		{"too large", "a.zip", make([]byte, small.Size+1), assay.TooLarge, "at most 1 MiB"},
		{"zip without files", "a.zip", zipNames(t), assay.Invalid, "no files in it"},
		{"zip of folders", "a.zip", zipNames(t, "a/", "b/"), assay.Invalid, "no files in it"},
		{"tar without files", "a.tar", tarOf(t), assay.Invalid, "no files in it"},
		{"only what desktops leave", "a.zip", zipNames(t, "__MACOSX/x", ".DS_Store", "d/.DS_Store"), assay.Invalid, "no files in it"},

		{"zip: absolute", "a.zip", zipNames(t, "/etc/passwd"), assay.Invalid, `the path "/etc/passwd" is absolute`},
		{"zip: drive", "a.zip", zipNames(t, `C:\windows\x`), assay.Invalid, `is absolute`},
		{"zip: out", "a.zip", zipNames(t, "a/../../x"), assay.Invalid, `the path "a/../../x" leads out with ..`},
		{"zip: out by backslashes", "a.zip", zipNames(t, `a\..\..\x`), assay.Invalid, `leads out with ..`},
		{"zip: out and back", "a.zip", zipNames(t, "a/../b"), assay.Invalid, `leads out with ..`},
		{"zip: NUL", "a.zip", zipNames(t, "a\x00b"), assay.Invalid, `the path "a\x00b" has control characters`},
		{"zip: escape sequence", "a.zip", zipNames(t, "a\x1b[2J"), assay.Invalid, "has control characters"},
		{"zip: direction of text", "a.zip", zipNames(t, "a\u202egp.py"), assay.Invalid, "has control characters"},
		{"zip: not UTF-8", "a.zip", zipNames(t, "a\xff"), assay.Invalid, "is not UTF-8"},
		{"zip: long part", "a.zip", zipNames(t, strings.Repeat("a", 256)), assay.Invalid, "longer than 255 bytes"},
		{"zip: long path", "a.zip", zipNames(t, strings.Repeat("a/", 513)), assay.Invalid, "longer than 1024 bytes"},
		{"zip: deep", "a.zip", zipNames(t, strings.Repeat("d/", 9)+"x"), assay.Invalid, "more than 8 folders deep"},
		{"zip: twice", "a.zip", zipNames(t, "a", "a"), assay.Invalid, `"a" is in it twice`},
		{"zip: twice in other words", "a.zip", zipNames(t, "a/b", "./a//b"), assay.Invalid, `is in it twice`},
		{"zip: file and folder", "a.zip", zipNames(t, "a", "a/b"), assay.Invalid, `"a" is there as a file and as a folder`},
		{"zip: folder and file", "a.zip", zipNames(t, "a/b", "a"), assay.Invalid, `"a" is there as a file and as a folder`},
		{"zip: link", "a.zip", zipMode(t, "a", fs.ModeSymlink|0o777), assay.Invalid, `"a" is a link`},
		{"zip: device", "a.zip", zipMode(t, "a", fs.ModeDevice|0o644), assay.Invalid, `"a" is a device`},
		{"zip: FIFO", "a.zip", zipMode(t, "a", fs.ModeNamedPipe|0o644), assay.Invalid, `"a" is a device, pipe`},
		{"zip: too many files", "a.zip", zipNames(t, many...), assay.TooLarge, "more than 100 files"},
		{"zip: a huge directory", "a.zip", million, assay.TooLarge, "more than 100 files"},
		{"zip: a huge directory that lies", "a.zip", liar, assay.TooLarge, "more than 100 files"},
		{"zip: larger than stated", "a.zip", rawZip(t, []byte("hello"), 2, 0), assay.Invalid, "damaged"},
		{"zip: smaller than stated", "a.zip", rawZip(t, []byte("hello"), 9, 0), assay.Invalid, "damaged"},
		{"zip: size beyond numbers", "a.zip", rawZip(t, []byte("hello"), 1<<63+5, 0), assay.TooLarge, "more than 4 MiB"},
		{"zip: encrypted", "a.zip", rawZip(t, []byte("hello"), 5, 1), assay.Invalid, `"a" is encrypted`},
		{"zip: truncated", "a.zip", zipNames(t, "a", "b")[:60], assay.Invalid, "damaged"},
		{"zip: bomb", "a.zip", zeros(t, small.Expanded+1, func(w io.Writer) (io.Writer, func() error) {
			zw := zip.NewWriter(w)
			f, err := zw.Create("a")
			if err != nil {
				t.Fatal(err)
			}
			return f, zw.Close
		}), assay.TooLarge, "more than 4 MiB of files"},

		{"tar: absolute", "a.tar", tarOf(t, reg("/x")), assay.Invalid, "is absolute"},
		{"tar: out", "a.tar", tarOf(t, reg("../x")), assay.Invalid, "leads out with .."},
		{"tar: backslash", "a.tar", tarOf(t, reg(`a\b`)), assay.Invalid, `has a \ in it`},
		{"tar: twice", "a.tar", tarOf(t, reg("a"), reg("a")), assay.Invalid, "is in it twice"},
		{"tar: link", "a.tar", tarOf(t, tar.Header{Typeflag: tar.TypeSymlink, Name: "a", Linkname: "/etc/shadow"}), assay.Invalid, `"a" is a link`},
		{"tar: hard link", "a.tar", tarOf(t, reg("b"), tar.Header{Typeflag: tar.TypeLink, Name: "a", Linkname: "b"}), assay.Invalid, `"a" is a link`},
		{"tar: device", "a.tar", tarOf(t, tar.Header{Typeflag: tar.TypeChar, Name: "a"}), assay.Invalid, `"a" is a device`},
		{"tar: FIFO", "a.tar", tarOf(t, tar.Header{Typeflag: tar.TypeFifo, Name: "a"}), assay.Invalid, `"a" is a device, pipe`},
		{"tar: deep folders", "a.tar", nested.Bytes(), assay.Invalid, "longer than 1024 bytes"},
		{"tar: truncated", "a.tar", tarOf(t, reg("a"))[:520], assay.Invalid, "ends too early"},
		{"tar.gz: truncated", "a.tgz", gzipOf(t, tarOf(t, reg("a"), reg("b")))[:80], assay.Invalid, "ends too early"},
		{"tar.gz: sum does not match", "a.tgz", func() []byte {
			b := gzipOf(t, append(tarOf(t, reg("a"))[:1024], "not a tar any more"...))
			b[len(b)-6]++
			return b
		}(), assay.Invalid, "damaged"},
		{"tar.gz: bomb of zeroes", "a.tgz", zeros(t, 64<<20, func(w io.Writer) (io.Writer, func() error) {
			zw := gzip.NewWriter(w)
			tw := tar.NewWriter(zw)
			if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "a", Size: 64 << 20}); err != nil {
				t.Fatal(err)
			}
			return tw, func() error { return errors.Join(tw.Close(), zw.Close()) }
		}), assay.TooLarge, "more than 4 MiB of files"},
		{"tar.gz: bomb in what is skipped", "a.tgz", zeros(t, 64<<20, func(w io.Writer) (io.Writer, func() error) {
			zw := gzip.NewWriter(w)
			h := tar.Header{Typeflag: tar.TypeReg, Name: ".DS_Store", Size: 3 << 20, Mode: 0o644}
			tw := tar.NewWriter(zw)
			for range 22 {
				if err := tw.WriteHeader(&h); err != nil {
					t.Fatal(err)
				}
				if _, err := io.CopyN(tw, zeroes{}, h.Size); err != nil {
					t.Fatal(err)
				}
			}
			return io.Discard, func() error { return errors.Join(tw.Close(), zw.Close()) }
		}), assay.TooLarge, "more than 4 MiB of files"},
	} {
		t.Run(test.what, func(t *testing.T) {
			out, _, err := normalizeBytes(test.bytes, test.name, small)
			if err == nil {
				t.Fatalf("it is accepted: %v", content(t, out, small))
			}
			if code := assay.CodeOf(err); code != test.code || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s: %v\nwant %s: …%s…", code, err, test.code, test.want)
			}
			if !strings.HasPrefix(err.Error(), `"`+test.name+`": `) {
				t.Errorf("the message does not begin with the archive's name: %v", err)
			}
			for _, r := range err.Error() {
				if r < ' ' || r == '\u202e' {
					t.Errorf("the message has %U", r)
				}
			}
		})
	}
}

func TestTheSameFilesGiveTheSameArchive(t *testing.T) {
	want := map[string]string{"b/run.sh*": "#!/bin/sh\n", "b/x.py": "print()\n", "ä.txt": "", "A.txt": "upper", "a.txt": "lower"}
	when := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)

	var zipped bytes.Buffer
	zw := zip.NewWriter(&zipped)
	var tarred bytes.Buffer
	tw := tar.NewWriter(&tarred)
	dir := fstest.MapFS{}
	add := func(name string) {
		mode := fs.FileMode(0o640)
		text := want[name]
		if text == "#!/bin/sh\n" {
			name, mode = strings.TrimSuffix(name, "*"), 0o755
		}
		dir[name] = &fstest.MapFile{Data: []byte(text), Mode: mode, ModTime: when}
		h := &zip.FileHeader{Name: strings.ReplaceAll(name, "/", `\`), Method: zip.Deflate, Modified: when}
		h.SetMode(mode)
		f, err := zw.CreateHeader(h)
		if err == nil {
			_, err = io.WriteString(f, text)
		}
		err = errors.Join(err, tw.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "./" + name, Mode: int64(mode), Size: int64(len(text)), ModTime: when, Uid: 7, Uname: "me"}))
		if _, e := io.WriteString(tw, text); e != nil || err != nil {
			t.Fatal(err, e)
		}
	}
	if err := tw.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: "./", Mode: 0o755}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ä.txt", "b/x.py", "a.txt", "b/run.sh*", "A.txt"} {
		add(name)
	}
	if err := errors.Join(zw.Close(), tw.Close()); err != nil {
		t.Fatal(err)
	}

	var packed bytes.Buffer
	first, err := Pack(dir, &packed, small, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, content(t, packed.Bytes(), small)); diff != "" {
		t.Error(diff)
	}
	if first.Digest != assay.DigestOf(packed.Bytes()) || first.Size != int64(packed.Len()) {
		t.Errorf("the summary does not describe what was written: %+v", first)
	}
	for name, b := range map[string][]byte{"a.zip": zipped.Bytes(), "a.tar": tarred.Bytes(), "a.tar.gz": gzipOf(t, tarred.Bytes()), "again.tar.gz": packed.Bytes()} {
		out, summary, err := normalizeBytes(b, name, small)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if diff := cmp.Diff(first, summary); diff != "" || !bytes.Equal(out, packed.Bytes()) {
			t.Errorf("%s: another archive: %s", name, diff)
		}
	}
}

func TestASingleFileIsAnArchiveOfOne(t *testing.T) {
	for _, name := range []string{"fizz.py", "/home/me/fizz.py", `C:\me\fizz.py`} {
		out, _, err := normalizeBytes([]byte("print(1)\n"), name, small)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"fizz.py": "print(1)\n"}, content(t, out, small)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if _, _, err := normalizeBytes([]byte("x"), "a\nb", small); err == nil {
		t.Error("a name with a line end is accepted")
	}
}

func TestPackSkipsAndRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"Dockerfile": "FROM scratch\n", "submissions/a/x": "x", "expected/1": "1"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	skip := func(p string) bool { return p == "submissions" || p == "expected/1" }
	if _, err := Pack(os.DirFS(dir), &out, small, skip); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"Dockerfile": "FROM scratch\n"}, content(t, out.Bytes(), small)); diff != "" {
		t.Error(diff)
	}
	if err := os.Symlink("/etc/shadow", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := Pack(os.DirFS(dir), io.Discard, small, skip); assay.CodeOf(err) != assay.Invalid || !strings.Contains(err.Error(), `"link" is a link`) {
		t.Errorf("a link is not refused: %v", err)
	}
	if _, err := Pack(os.DirFS(filepath.Join(dir, "none")), io.Discard, small, nil); assay.CodeOf(err) != assay.Invalid {
		t.Errorf("a missing folder: %v", err)
	}
}

func TestUnpackStaysBeneath(t *testing.T) {
	dir := t.TempDir()
	outside := filepath.Join(dir, "outside")
	inside := filepath.Join(dir, "inside")
	if err := errors.Join(os.Mkdir(outside, 0o755), os.Mkdir(inside, 0o755), os.Symlink("../outside", filepath.Join(inside, "way"))); err != nil {
		t.Fatal(err)
	}
	reg := func(name string, mode int64) tar.Header {
		return tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode}
	}
	for _, b := range [][]byte{
		tarOf(t, reg("../x", 0o644)), tarOf(t, reg("/x", 0o644)), tarOf(t, reg("way/x", 0o644)), tarOf(t, reg("way", 0o644)),
		tarOf(t, tar.Header{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "/etc"}),
	} {
		if err := Unpack(bytes.NewReader(gzipOf(t, b)), inside, small); err == nil {
			t.Error("it is unpacked")
		}
	}
	left, err := os.ReadDir(outside)
	if err != nil || len(left) != 0 {
		t.Errorf("outside: %v, %v", left, err)
	}
	if err := Unpack(bytes.NewReader(gzipOf(t, tarOf(t, reg("d/e/run", 0o4755), reg("text", 0o600)))), inside, small); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{"d/e/run": 0o755, "text": 0o644} {
		info, err := os.Stat(filepath.Join(inside, name))
		if err != nil || info.Mode() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

type brokenWriter struct{ left int }

func (b *brokenWriter) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("no space left on device")
	}
	return len(p), nil
}

func TestAFullDiskIsNotTheArchivesFault(t *testing.T) {
	b := zipNames(t, "a", "b")
	for _, room := range []int{0, 20} {
		_, err := Normalize(bytes.NewReader(b), int64(len(b)), "a.zip", &brokenWriter{room}, small)
		if assay.CodeOf(err) != assay.Unavailable || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("got %s: %v", assay.CodeOf(err), err)
		}
	}
}

func TestAReadersErrorIsNotTheArchivesFault(t *testing.T) {
	var packed bytes.Buffer
	if _, err := Pack(fstest.MapFS{"a": {Data: []byte("a"), Mode: 0o644}}, &packed, small, nil); err != nil {
		t.Fatal(err)
	}
	lost := errors.New("the connection was lost")
	for _, n := range []int64{0, 20, int64(packed.Len())} {
		src := io.MultiReader(io.LimitReader(bytes.NewReader(packed.Bytes()), n), iotest.ErrReader(lost))
		err := Each(src, small, func(_ File, content io.Reader) error {
			_, err := io.Copy(io.Discard, content)
			return err
		})
		if !errors.Is(err, lost) || assay.CodeOf(err) == assay.Invalid {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

func TestNothingIsLeftInTheTemporaryFolder(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	b := tarOf(t, tar.Header{Typeflag: tar.TypeReg, Name: "a"}, tar.Header{Typeflag: tar.TypeReg, Name: "../b"})
	if _, _, err := normalizeBytes(b, "a.tar", small); err == nil {
		t.Error("it is accepted")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestMemoryStaysSmallWhateverIsSent(t *testing.T) {
	bomb := zeros(t, 400<<20, func(w io.Writer) (io.Writer, func() error) {
		zw := zip.NewWriter(w)
		f, err := zw.Create("a")
		if err != nil {
			t.Fatal(err)
		}
		return f, zw.Close
	})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Normalize(bytes.NewReader(bomb), int64(len(bomb)), "a.zip", io.Discard, DefaultLimits); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d MiB were allocated for 400 MiB of zeroes", used>>20)
	}
}

// FuzzNormalize holds whatever is accepted to the canonical form: bounded,
// clean, and the same again when it is sent once more.
func FuzzNormalize(f *testing.F) {
	reg := tar.Header{Typeflag: tar.TypeReg, Name: "a/b", Mode: 0o755}
	f.Add(zipNames(f, "a", "b/c", `d\e`), "a.zip")
	f.Add(zipMode(f, "a", fs.ModeSymlink|0o777), "a.zip")
	f.Add(tarOf(f, reg, tar.Header{Typeflag: tar.TypeSymlink, Name: "l", Linkname: "a"}), "a.tar")
	f.Add(gzipOf(f, tarOf(f, reg)), "a.tgz")
	f.Add([]byte("print(1)"), "fizz.py")
	f.Fuzz(func(t *testing.T, b []byte, name string) {
		lim := Limits{Size: 1 << 16, Expanded: 1 << 16, Files: 20, Depth: 4}
		out, summary, err := normalizeBytes(b, name, lim)
		if err != nil {
			if code := assay.CodeOf(err); code != assay.Invalid && code != assay.TooLarge {
				t.Fatalf("%s: %v", code, err)
			}
			return
		}
		var total int64
		for i, file := range summary.Files {
			total += file.Size
			if !fs.ValidPath(file.Path) || strings.Count(file.Path, "/") >= lim.Depth || i > 0 && summary.Files[i-1].Path >= file.Path {
				t.Fatalf("not canonical: %+v", summary.Files)
			}
		}
		if total > lim.Expanded || len(summary.Files) > lim.Files {
			t.Fatalf("over the limits: %+v", summary)
		}
		again, second, err := normalizeBytes(out, "again.tar.gz", Limits{Size: 1 << 20, Expanded: 1 << 16, Files: 20, Depth: 4})
		if err != nil || !bytes.Equal(out, again) {
			t.Fatalf("not the same again: %v\n%s", err, cmp.Diff(summary, second))
		}
	})
}
