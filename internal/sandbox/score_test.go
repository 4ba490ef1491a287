package sandbox

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestParseScore(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	for name, test := range map[string]struct {
		stdout  string
		share   float64
		message string // of the score, or part of the error when share is -1
	}{
		"share":               {`{"score": 0.25}`, 0.25, ""},
		"points":              {`{"score": 3, "max_score": 12, "message": "ok"}`, 0.25, "ok"},
		"last line":           {"{\"score\": 1}\nnoise\n  {\"score\": 0.5}  \nmore noise\n\n", 0.5, ""},
		"above":               {`{"score": 15, "max_score": 12}`, 1, ""},
		"below":               {`{"score": -1}`, 0, ""},
		"tests":               {`{"tests": [{"name": "a", "score": 1}, {"name": "b", "score": 1, "max_score": 3, "message": "half"}]}`, 0.5, "a: 1 of 1\nb: 1 of 3. half"},
		"others pass over":    {`{"score": 1, "extra": {"x": [1, {}]}}`, 1, ""},
		"no line":             {"fine\n", -1, "no line with a JSON object"},
		"nothing":             {"", -1, "no line"},
		"no score":            {`{"message": "x"}`, -1, "no score"},
		"no max_score":        {`{"score": 5}`, -1, "gives no max_score"},
		"max_score 0":         {`{"score": 0, "max_score": 0}`, -1, "not above 0"},
		"duplicate":           {`{"score": 0, "score": 1}`, -1, `"score" is there twice`},
		"duplicate by case":   {`{"score": 0, "Score": 1}`, -1, `is there twice`},
		"duplicate inside":    {`{"score": 0, "x": [{"a": 1, "a": 2}]}`, -1, "twice"},
		"NaN":                 {`{"score": NaN}`, -1, "not usable JSON"},
		"huge":                {`{"score": 1e999}`, -1, "not usable JSON"},
		"huge in sum":         {`{"tests": [{"score": 1e308, "max_score": 1e308}, {"score": 1e308, "max_score": 1e308}]}`, -1, "too large"},
		"text":                {`{"score": "1"}`, -1, "not usable JSON"},
		"two objects":         {`{"score": 1}{"score": 0}`, -1, "something follows"},
		"cut off":             {`{"score": 1`, -1, "not usable JSON"},
		"deep":                {`{"score": 1, "x": [[[[[[[[[]]]]]]]]]}`, -1, "nested deeper"},
		"very deep, and long": {deep, -1, "longer than 64 KiB"},
		"long":                {`{"score": 1, "message": "` + strings.Repeat("x", 100_000) + `"}`, -1, "longer than 64 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseScore([]byte(test.stdout))
			switch {
			case test.share < 0 && (err == nil || !strings.Contains(err.Error(), test.message)):
				t.Errorf("%+v, error %v", got, err)
			case test.share >= 0 && (err != nil || got.share != test.share || got.message != test.message):
				t.Errorf("%+v, error %v", got, err)
			}
		})
	}
}

func FuzzParseScore(f *testing.F) {
	for _, seed := range []string{`{"score": 1}`, "x\n{\"score\": 3, \"max_score\": 4}\ny", `{"tests":[{"name":"\ud800\u0000","score":1e308},{"score":1e308}]}`, `{"score":{}}`, "{\n}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, stdout []byte) {
		got, err := parseScore(stdout)
		if err != nil {
			return
		}
		if math.IsNaN(got.share) || got.share < 0 || got.share > 1 {
			t.Errorf("share %g", got.share)
		}
		if len(got.message) > 3*maxMessage || !utf8.ValidString(got.message) || strings.ContainsRune(got.message, 0) {
			t.Errorf("message %q", got.message)
		}
	})
}
