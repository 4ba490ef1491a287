package hub

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"reflect"
	"syscall"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/assay-project/assay/internal/archive"
	"github.com/assay-project/assay/internal/assay"
)

const (
	uploadTimeout = 10 * time.Minute // for the whole of a form; 64 MiB at 900 kbit/s
	maxUploads    = 32               // at one time: each may take twice its limit of disk
	maxFields     = 16
	maxField      = 4 << 10 // bytes of a field that is no file
)

// form is a multipart form as it was received.
type form struct {
	fields map[string]string
	file   *os.File // the field archive; nil when there is none
	size   int64
	name   string // what the file was called there
}

type formKey struct{}

func formOf(ctx context.Context) *form { return ctx.Value(formKey{}).(*form) }

// upload registers a route that takes a multipart form of the given shape,
// whose file is the field archive. huma learns of the form only afterwards,
// for the document: it would read it itself, into memory.
func upload[I, O any](h *Hub, role need, shape any, o huma.Operation, f func(context.Context, *I) (*O, error)) {
	o.Middlewares = append(o.Middlewares, h.receive)
	route(h, role, o, f)
	doc := h.api.OpenAPI()
	path := doc.Paths[o.Path]
	documented := path.Post
	if o.Method == http.MethodPut {
		documented = path.Put
	}
	schema := huma.SchemaFromType(doc.Components.Schemas, reflect.TypeOf(shape))
	documented.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: schema}}}
}

// receive streams a form's file to the disk and hands the form on; what is
// over the limit is not read to its end. The file has no name, so nothing of
// it is left whatever happens.
func (h *Hub) receive(c huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(c)
	select {
	case h.uploads <- struct{}{}:
		defer func() { <-h.uploads }()
	default:
		h.refuse(w, r, assay.Errorf(assay.TooMany, "Too many uploads at one time; try again in a few seconds."))
		return
	}
	received := &form{fields: map[string]string{}}
	err := h.receiveForm(w, r, received)
	if received.file != nil {
		defer received.file.Close() //nolint:errcheck // it was only read, and is gone
	}
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	next(huma.WithValue(c, formKey{}, received))
}

func (h *Hub) receiveForm(w http.ResponseWriter, r *http.Request, f *form) error {
	limit := archive.DefaultLimits.Size
	if r.ContentLength > limit+1<<20 {
		return tooLarge(limit)
	}
	if err := requestOf(r.Context()).control.SetReadDeadline(time.Now().Add(uploadTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit+1<<20)
	parts, err := r.MultipartReader()
	if err != nil {
		return assay.Errorf(assay.Invalid, "The request is no form: send multipart/form-data (%w).", err)
	}
	for range maxFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = h.receivePart(part, f)
		}
		if err != nil {
			return interrupted(err, limit)
		}
	}
	return assay.Errorf(assay.Invalid, "The form has more than %d fields.", maxFields)
}

func (h *Hub) receivePart(part *multipart.Part, f *form) error {
	if part.FormName() != "archive" {
		value, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if len(value) > maxField {
			return assay.Errorf(assay.TooLarge, "The field %s is longer than %d bytes.", assay.Quote(part.FormName(), 40), maxField)
		}
		f.fields[part.FormName()] = string(value)
		return err
	}
	if f.file != nil {
		return assay.Errorf(assay.Invalid, "There are two archives in the form; send one.")
	}
	var err error
	if f.file, err = h.scratch(); err != nil {
		return err
	}
	f.name = part.FileName() // without folders
	f.size, err = io.Copy(f.file, io.LimitReader(part, archive.DefaultLimits.Size+1))
	if f.size > archive.DefaultLimits.Size {
		return tooLarge(archive.DefaultLimits.Size)
	}
	return err
}

// scratch is a file without a name.
func (h *Hub) scratch() (*os.File, error) {
	file, err := os.CreateTemp(h.cfg.Temp, "upload-*")
	if err != nil {
		return nil, h.diskFailed(err)
	}
	return file, os.Remove(file.Name())
}

func (h *Hub) diskFailed(err error) error {
	return assay.Errorf(assay.Unavailable, "The hub cannot store it on its disk (%w); free some space there and try again.", err)
}

func tooLarge(limit int64) error {
	return assay.Errorf(assay.TooLarge, "The archive is larger than %d MiB, which is the limit; leave out what is not needed to grade it.", limit>>20)
}

// interrupted is why a form was not received.
func interrupted(err error, limit int64) error {
	var said *assay.Error
	var over *http.MaxBytesError
	switch {
	case errors.As(err, &said):
		return err
	case errors.As(err, &over):
		return tooLarge(limit)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EIO):
		return assay.Errorf(assay.Unavailable, "The hub's disk is full or failing (%w); free some space there and try again.", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return assay.Errorf(assay.Invalid, "The upload took longer than %s; try again on a faster connection.", uploadTimeout)
	}
	return assay.Errorf(assay.Invalid, "The form ended early or is not well made (%w); send it again.", err)
}

// accept turns the form's archive into its canonical form and stores it in
// the object store. what names it in errors.
func (h *Hub) accept(ctx context.Context, what string, f *form) (archive.Summary, *os.File, error) {
	canonical, err := h.scratch()
	if err != nil {
		return archive.Summary{}, nil, err
	}
	summary, err := archive.Normalize(f.file, f.size, cmp.Or(f.name, "submission"), canonical, archive.DefaultLimits)
	if err == nil {
		err = h.keep(ctx, summary, canonical)
	}
	if err != nil {
		return archive.Summary{}, nil, errors.Join(about(what, err), canonical.Close())
	}
	return summary, canonical, nil
}

// keep puts a canonical archive into the object store and rewinds the file.
func (h *Hub) keep(ctx context.Context, summary archive.Summary, file *os.File) error {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := h.cfg.Bus.PutObject(ctx, summary.Digest, file); err != nil {
		return err
	}
	_, err := file.Seek(0, io.SeekStart)
	return err
}

// about makes a sentence of what archive says about something.
func about(what string, err error) error {
	var said *assay.Error
	if errors.As(err, &said) && (said.Code == assay.Invalid || said.Code == assay.TooLarge) {
		return &assay.Error{Code: said.Code, Message: fmt.Sprintf("The %s cannot be used: %s.", what, said.Message), Err: said.Err}
	}
	return err
}
