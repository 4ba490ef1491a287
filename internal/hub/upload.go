package hub

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// upload makes o take a multipart form of the given shape.
func (h *Hub) upload(form any, o huma.Operation) huma.Operation {
	schema := huma.SchemaFromType(h.api.OpenAPI().Components.Schemas, reflect.TypeOf(form))
	o.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: schema}}}
	return o
}
