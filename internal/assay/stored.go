package assay

import "time"

// StoredGrader is a grader as a course keeps it: the row that stands for the
// uploaded folder. What its grader.yaml says is a Grader.
type StoredGrader struct {
	ID        string    `json:"id"`
	Course    string    `json:"course" doc:"The course's id"`
	Name      string    `json:"name"`
	Revision  int       `json:"revision" doc:"Counts the uploads, from 1"`
	Files     Digest    `json:"files" doc:"Digest of the newest revision's files"`
	Tests     int       `json:"tests"`
	MaxScore  float64   `json:"max_score"`
	By        string    `json:"by" doc:"Who uploaded the newest revision"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}
