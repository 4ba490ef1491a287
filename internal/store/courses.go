package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/assay-project/assay/internal/assay"
)

type courseRow struct {
	bun.BaseModel `bun:"table:courses"`
	assay.Course
}

type memberRow struct {
	bun.BaseModel `bun:"table:members"`
	Course        string
	User          string
	Role          assay.Role
}

// AddCourse makes a course. Conflict: the slug is taken.
func (s *Store) AddCourse(ctx context.Context, slug, title string) (assay.Course, error) {
	return s.addCourse(ctx, s.db, slug, title)
}

func (s *Store) addCourse(ctx context.Context, db bun.IDB, slug, title string) (assay.Course, error) {
	row := courseRow{Course: assay.Course{ID: assay.NewID(), Slug: slug, Title: title, CreatedAt: now()}}
	_, err := db.NewInsert().Model(&row).Exec(ctx)
	if duplicate(err) {
		return assay.Course{}, assay.Errorf(assay.Conflict, "There is a course %q already; choose another short name.", slug)
	}
	return row.Course, s.failed("add a course", err)
}

// Courses lists the courses in which the user is a member, with the role
// there; for an administrator all of them.
func (s *Store) Courses(ctx context.Context, user assay.User) ([]assay.Course, []assay.Role, error) {
	var rows []struct {
		assay.Course
		Role assay.Role
	}
	q := s.read.NewSelect().TableExpr("courses AS c").ColumnExpr("c.*").OrderExpr("c.slug")
	if user.Administrator {
		q = q.ColumnExpr("? AS role", assay.Administrator)
	} else {
		q = q.ColumnExpr("m.role").Join(`JOIN members AS m ON m.course = c.id AND m."user" = ?`, user.ID)
	}
	if err := q.Scan(ctx, &rows); err != nil {
		return nil, nil, s.failed("list courses", err)
	}
	courses, roles := make([]assay.Course, len(rows)), make([]assay.Role, len(rows))
	for i, row := range rows {
		courses[i], roles[i] = row.Course, row.Role
	}
	return courses, roles, nil
}

// SetTitle changes a course's title.
func (s *Store) SetTitle(ctx context.Context, course, title string) (assay.Course, error) {
	var row courseRow
	err := s.db.NewUpdate().Model(&row).Set("title = ?", title).Where("id = ?", course).Returning("*").Scan(ctx)
	return row.Course, s.missing("course", err)
}

// Members lists who belongs to a course, by name.
func (s *Store) Members(ctx context.Context, course string) ([]assay.Member, error) {
	var members []assay.Member
	err := s.read.NewSelect().TableExpr("members AS m").ColumnExpr(`m.course, m."user", u.name, m.role`).
		Join(`JOIN users AS u ON u.id = m."user"`).Where("m.course = ?", course).Order("u.name").Scan(ctx, &members)
	return members, s.failed("list members", err)
}

// PutMember gives a user a role in a course.
func (s *Store) PutMember(ctx context.Context, course, user string, role assay.Role) error {
	_, err := s.db.NewInsert().Model(&memberRow{Course: course, User: user, Role: role}).
		On(`CONFLICT (course, "user") DO UPDATE`).Set("role = EXCLUDED.role").Exec(ctx)
	return s.failed("add a member", err)
}

// DeleteMember takes a user out of a course.
func (s *Store) DeleteMember(ctx context.Context, course, user string) error {
	found, err := affected(s.db.NewDelete().Model((*memberRow)(nil)).Where(`course = ? AND "user" = ?`, course, user).Exec(ctx))
	if err == nil && !found {
		return assay.Errorf(assay.NotFound, "This user is not a member of the course.")
	}
	return s.failed("remove a member", err)
}
