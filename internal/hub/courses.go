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
	courses, err := h.courses(ctx, actor(ctx))
	return page(courses), err
}

func (h *Hub) createCourse(ctx context.Context, in *createCourseInput) (*body[assay.Course], error) {
	course, err := h.cfg.Store.AddCourse(ctx, in.Body.Slug, in.Body.Title)
	return answer(course), err
}

func (h *Hub) getCourse(ctx context.Context, in *ByCourse) (*body[CourseWithRole], error) {
	course, err := h.course(ctx, in.Course)
	return answer(course), err
}

func (h *Hub) changeCourse(ctx context.Context, in *changeCourseInput) (*body[assay.Course], error) {
	if _, err := h.course(ctx, in.Course); err != nil {
		return nil, err
	}
	course, err := h.cfg.Store.SetTitle(ctx, in.Course, in.Body.Title)
	return answer(course), err
}

func (h *Hub) listMembers(ctx context.Context, in *ByCourse) (*body[Page[assay.Member]], error) {
	if _, err := h.course(ctx, in.Course); err != nil {
		return nil, err
	}
	members, err := h.cfg.Store.Members(ctx, in.Course)
	return page(members), err
}

func (h *Hub) putMember(ctx context.Context, in *putMemberInput) (*body[assay.Member], error) {
	user, err := h.memberUser(ctx, in.MemberInput)
	if err != nil {
		return nil, err
	}
	err = h.cfg.Store.PutMember(ctx, in.Course, user.ID, in.Body.Role)
	return answer(assay.Member{Course: in.Course, User: user.ID, Name: user.Name, Role: in.Body.Role}), err
}

func (h *Hub) deleteMember(ctx context.Context, in *MemberInput) (*nothing, error) {
	user, err := h.memberUser(ctx, *in)
	if err != nil {
		return nil, err
	}
	return nil, h.cfg.Store.DeleteMember(ctx, in.Course, user.ID)
}

func (h *Hub) memberUser(ctx context.Context, in MemberInput) (assay.User, error) {
	if _, err := h.course(ctx, in.Course); err != nil {
		return assay.User{}, err
	}
	return h.cfg.Store.User(ctx, in.User)
}
