package assay

import "time"

// Role is what a user may do in a course, or everywhere.
type Role string

// The roles there are.
const (
	Administrator Role = "administrator" // everything, in every course
	Instructor    Role = "instructor"    // everything within own courses
)

// User is somebody who can sign in.
type User struct {
	ID            string    `json:"id"`
	Name          string    `json:"name" doc:"What is typed to sign in"`
	Administrator bool      `json:"administrator"`
	CreatedAt     time.Time `json:"created_at"`
}

// Course is the scope that owns everything an instructor makes.
type Course struct {
	ID        string    `json:"id"`
	Slug      string    `json:"slug" doc:"Short name in addresses and lists, for example cs101"`
	Title     string    `json:"title"`
	CreatedAt time.Time `json:"created_at"`
}

// Member is a user's role in a course.
type Member struct {
	Course string `json:"course"`
	User   string `json:"user"`
	Name   string `json:"name"`
	Role   Role   `json:"role" enum:"administrator,instructor"`
}

// Token lets a program act as its user. Only its fingerprint is stored.
type Token struct {
	ID         string     `json:"id"`
	User       string     `json:"user"`
	Course     string     `json:"course,omitempty" doc:"The only course it reaches; empty for all of its user's"`
	Name       string     `json:"name"`
	CreatedAt  time.Time  `json:"created_at"`
	LastUsedAt *time.Time `json:"last_used_at,omitempty"`
}

// Actor is who makes a request: a user, possibly through a token that
// reaches one course alone.
type Actor struct {
	User   User
	Course string // when not empty, the only course this actor reaches
}
