"""Members and invitations of a project, and what its manager may do to accounts."""

from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ERROR, ApiView, checked, documented
from annotator.api.serializers import projects as io
from annotator.models import Membership, Project
from annotator.permissions import may_browse, may_manage, membership_for
from annotator.services import accounts, members


class MembersView(ApiView):
    @documented("List the members of a project", answers=io.MemberOut(many=True))
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_browse).project
        rows = Membership.objects.filter(project=project).select_related("user")
        return Response(io.MemberOut(rows, many=True).data)

    @documented("Add an account by its exact user name or e-mail address", request=io.NewMemberIn,
                answers=io.MemberOut, status=201, also={409: ERROR, 429: ERROR})  # fmt: skip
    def post(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        membership = members.add_member(project=project, by=self.me, **checked(io.NewMemberIn, request))
        return Response(io.MemberOut(membership).data, status=201)


class MemberView(ApiView):
    @documented("Change a member's role, or pause the member", request=io.MemberIn, answers=io.MemberOut,
                also={409: ERROR})  # fmt: skip
    def patch(self, request: Request, project_id: int, user_id: int) -> Response:
        project = self._managed(project_id)
        given = checked(io.MemberIn, request, partial=True)
        if "role" in given:
            members.change_role(project=project, user_id=user_id, role=given["role"], by=self.me)
        if "is_paused" in given:
            members.pause_member(
                project=project,
                user_id=user_id,
                is_paused=given["is_paused"],
                reason=given.get("pause_reason", ""),
                by=self.me,
            )
        row = Membership.objects.select_related("user").filter(project=project, user_id=user_id).first()
        return Response(io.MemberOut(row).data)

    @documented("Remove a member; the work stays", status=204, also={409: ERROR})
    def delete(self, request: Request, project_id: int, user_id: int) -> Response:
        members.remove_member(project=self._managed(project_id), user_id=user_id, by=self.me)
        return Response(status=204)

    def _managed(self, project_id: int) -> Project:
        return membership_for(self.me, project_id, may_manage).project


class AccountStateView(ApiView):
    @documented("Deactivate a member's account, or bring it back", request=io.AccountStateIn)
    def put(self, request: Request, user_id: int) -> Response:
        given = checked(io.AccountStateIn, request)
        user = accounts.set_active(manager=self.me, user_id=user_id, is_active=given["is_active"])
        return Response({"user_id": user.pk, "is_active": user.is_active})


class PasswordResetView(ApiView):
    @documented("Give a member a new temporary password, shown once", answers=io.TemporaryPasswordOut)
    def post(self, request: Request, user_id: int) -> Response:
        return Response({"password": accounts.reset_password(manager=self.me, user_id=user_id)})


class InvitationsView(ApiView):
    @documented("List open invitations", answers=io.InvitationOut(many=True))
    def get(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        return Response(io.InvitationOut(project.invitations.filter(uses_left__gt=0), many=True).data)

    @documented("Invite by link; its secret is shown once", request=io.InvitationIn, answers=io.NewInvitationOut,
                status=201)  # fmt: skip
    def post(self, request: Request, project_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        invitation, secret = members.invite(project=project, by=self.me, **checked(io.InvitationIn, request))
        return Response({**io.InvitationOut(invitation).data, "secret": secret}, status=201)


class InvitationView(ApiView):
    @documented("Withdraw an invitation", status=204)
    def delete(self, request: Request, project_id: int, invitation_id: int) -> Response:
        project = membership_for(self.me, project_id, may_manage).project
        members.withdraw_invitation(project=project, invitation_id=invitation_id, by=self.me)
        return Response(status=204)


class AcceptInvitationView(ApiView):
    @documented("Join a project by an invitation's secret", request=io.SecretIn, answers=io.JoinedOut)
    def post(self, request: Request) -> Response:
        membership = members.accept_invitation(user=self.me, **checked(io.SecretIn, request))
        return Response({"project": membership.project_id, "role": membership.role})
