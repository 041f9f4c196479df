"""The signed-in account: preferences that follow a person, and tokens for scripts."""

from rest_framework.request import Request
from rest_framework.response import Response

from annotator.api.base import ApiView, checked, documented
from annotator.api.serializers import accounts as io
from annotator.models import ApiToken
from annotator.services import accounts


class MeView(ApiView):
    @documented("Get one's own account", answers=io.MeOut)
    def get(self, request: Request) -> Response:
        return Response(io.MeOut(self.me).data)

    @documented("Change one's own preferences", request=io.MeIn, answers=io.MeOut)
    def patch(self, request: Request) -> Response:
        user = accounts.update_account(user=self.me, changes=checked(io.MeIn, request, partial=True))
        return Response(io.MeOut(user).data)


class TokensView(ApiView):
    @documented("List one's own API tokens", answers=io.TokenOut(many=True))
    def get(self, request: Request) -> Response:
        return Response(io.TokenOut(ApiToken.objects.filter(user=self.me), many=True).data)

    @documented("Make an API token; it is shown this once", request=io.TokenIn, answers=io.NewTokenOut, status=201)
    def post(self, request: Request) -> Response:
        token, secret = accounts.create_token(user=self.me, **checked(io.TokenIn, request))
        return Response({**io.TokenOut(token).data, "token": secret}, status=201)


class TokenView(ApiView):
    @documented("Revoke an API token of one's own", status=204)
    def delete(self, request: Request, token_id: int) -> Response:
        accounts.revoke_token(user=self.me, token_id=token_id)
        return Response(status=204)
