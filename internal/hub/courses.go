package hub

import (
	"context"

	"github.com/assay-project/assay/internal/assay"
)

func (h *Hub) courseRoutes() {
	route(h, member, op("GET", "/api/v1/courses", "list-courses", "One's courses; all of them for administrators"), h.listCourses)
	route(h, administrator, creates(op("POST", "/api/v1/courses", "create-course", "Make a course")), h.createCourse)
	route(h, member, op("GET", "/api/v1/courses/{course}", "get-course", "One course"), h.getCourse)
	route(h, member, op("PATCH", "/api/v1/courses/{course}", "change-course", "Change a course's title"), h.changeCourse)
	route(h, member, op("GET", "/api/v1/courses/{course}/members", "list-members", "Who belongs to a course"), h.listMembers)
	route(h, person, op("PUT", "/api/v1/courses/{course}/members/{user}", "put-member", "Make somebody a member"), h.putMember)
	route(h, person, op("DELETE", "/api/v1/courses/{course}/members/{user}", "delete-member", "Take somebody out of a course"), h.deleteMember)
}

// ByCourse is the input of a route about one course.
type ByCourse struct {
	Course string `path:"course" maxLength:"64" doc:"The course's id"`
}

type createCourseInput struct {
	Body struct {
		Slug  string `json:"slug" pattern:"^[a-z0-9][a-z0-9-]{0,62}$" doc:"Short name: lower-case letters, digits and -"`
		Title string `json:"title" minLength:"1" maxLength:"200"`
	}
}

type changeCourseInput struct {
	ByCourse
	Body struct {
		Title string `json:"title" minLength:"1" maxLength:"200"`
	}
}

// MemberInput is the input of a route about one member.
type MemberInput struct {
	ByCourse
	User string `path:"user" maxLength:"64" doc:"The user's id or name"`
}

type putMemberInput struct {
	MemberInput
	Body struct {
		Role assay.Role `json:"role" enum:"instructor"`
	}
}

func (h *Hub) listCourses(ctx context.Context, _ *nothing) (*body[Page[CourseWithRole]], error) {
	return nil, errLater
}
func (h *Hub) createCourse(ctx context.Context, in *createCourseInput) (*body[assay.Course], error) {
	return nil, errLater
}
func (h *Hub) getCourse(ctx context.Context, in *ByCourse) (*body[CourseWithRole], error) {
	return nil, errLater
}
func (h *Hub) changeCourse(ctx context.Context, in *changeCourseInput) (*body[assay.Course], error) {
	return nil, errLater
}
func (h *Hub) listMembers(ctx context.Context, in *ByCourse) (*body[Page[assay.Member]], error) {
	return nil, errLater
}
func (h *Hub) putMember(ctx context.Context, in *putMemberInput) (*body[assay.Member], error) {
	return nil, errLater
}
func (h *Hub) deleteMember(ctx context.Context, in *MemberInput) (*nothing, error) {
	return nil, errLater
}
