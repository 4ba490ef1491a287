package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/assay-project/assay/internal/assay"
)

// Bounds of what a grader's program says.
const (
	maxScoreLine  = 64 << 10 // bytes
	maxScoreDepth = 8
	maxSubtests   = 500
	maxMessage    = 4 << 10 // bytes of one message in a result
)

// score is what a grader's program gave.
type score struct {
	share   float64 // of the test's points, 0…1
	message string
}

// spoken is the JSON object with which a grader's program gives its score.
type spoken struct {
	Score    *float64 `json:"score"`
	MaxScore *float64 `json:"max_score"`
	Message  string   `json:"message"`
	Tests    []struct {
		Name     string   `json:"name"`
		Score    float64  `json:"score"`
		MaxScore *float64 `json:"max_score"`
		Message  string   `json:"message"`
	} `json:"tests"`
}

// parseScore reads the score from the last line of stdout that is a JSON
// object. Without max_score a score is a share, 0…1. Without score it is the
// sum of the tests. A score outside its range is brought into it; what cannot
// be understood is an error in one sentence.
func parseScore(stdout []byte) (score, error) {
	line := lastObject(stdout)
	if line == nil {
		return score{}, errors.New(`it printed no line with a JSON object such as {"score": 0.5}`)
	}
	if len(line) > maxScoreLine {
		return score{}, fmt.Errorf("the line with its score is longer than %d KiB", maxScoreLine>>10)
	}
	d := json.NewDecoder(bytes.NewReader(line))
	if err := unambiguous(d, 0); err != nil {
		return score{}, fmt.Errorf("its score is not usable JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return score{}, errors.New("its score is not usable JSON: something follows the object")
	}
	var said spoken
	if err := json.Unmarshal(line, &said); err != nil {
		return score{}, fmt.Errorf("its score is not usable JSON: %w", err)
	}
	return said.score()
}

// lastObject is the last line that begins like an object, without the white
// space around it.
func lastObject(stdout []byte) []byte {
	for len(stdout) > 0 {
		var line []byte
		if i := bytes.LastIndexByte(stdout, '\n'); i >= 0 {
			stdout, line = stdout[:i], stdout[i+1:]
		} else {
			stdout, line = nil, stdout
		}
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] == '{' {
			return line
		}
	}
	return nil
}

// unambiguous reads one value and refuses what decoders read differently or
// at great cost: a key given twice, values nested deep.
func unambiguous(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	open, isDelim := token.(json.Delim)
	if !isDelim {
		return nil
	}
	if depth++; depth > maxScoreDepth {
		return fmt.Errorf("it is nested deeper than %d", maxScoreDepth)
	}
	keys := map[string]bool{}
	for d.More() {
		if open == '{' {
			token, err := d.Token()
			if err != nil {
				return err
			}
			key, _ := token.(string) // anything else is an error of Token
			// Go matches keys whatever their case.
			folded := strings.ToLower(key)
			if keys[folded] {
				return fmt.Errorf("the key %s is there twice", assay.Quote(key, 40))
			}
			keys[folded] = true
		}
		if err := unambiguous(d, depth); err != nil {
			return err
		}
	}
	_, err = d.Token()
	return err
}

func (said *spoken) score() (score, error) {
	if len(said.Tests) > maxSubtests {
		return score{}, fmt.Errorf("it reports %d tests, and at most %d are taken", len(said.Tests), maxSubtests)
	}
	var lines []string
	if said.Message != "" {
		lines = append(lines, said.Message)
	}
	var sum, most float64
	for _, t := range said.Tests {
		of := 1.0
		if t.MaxScore != nil {
			of = *t.MaxScore
		}
		sum, most = sum+t.Score, most+of
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s: %g of %g. %s", t.Name, t.Score, of, t.Message), ". "))
	}
	got, of := sum, most
	if said.Score != nil {
		got, of = *said.Score, 1
		if said.MaxScore != nil {
			of = *said.MaxScore
		} else if got > 1 {
			return score{}, fmt.Errorf("its score is %g and it gives no max_score: without one a score is a share from 0 to 1", got)
		}
	} else if len(said.Tests) == 0 {
		return score{}, errors.New("its JSON object has no score")
	}
	if of <= 0 {
		return score{}, fmt.Errorf("its max_score is %g, which is not above 0", of)
	}
	if math.IsInf(got, 0) || math.IsInf(of, 0) {
		return score{}, errors.New("its scores are too large")
	}
	return score{share: min(max(got/of, 0), 1), message: text([]byte(strings.Join(lines, "\n")), maxMessage)}, nil
}
