"""The OpenAPI description, a browsable page that loads nothing from elsewhere, and the root of the API."""

from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import TemplateHTMLRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from annotator.api.base import ApiView, documented
from annotator.api.permissions import IsSignedIn


class RootView(ApiView):
    @documented("Where to begin")
    def get(self, request: Request) -> Response:
        names = {"me": "api-me", "projects": "api-projects", "docs": "api-docs", "schema": "api-schema"}
        return Response({word: reverse(name) for word, name in names.items()})


@extend_schema(exclude=True)
class SchemaView(SpectacularJSONAPIView):  # type: ignore[misc]  # drf-spectacular brings no types
    permission_classes = (IsSignedIn,)


@extend_schema(exclude=True)
class DocsView(SpectacularSwaggerSplitView):  # type: ignore[misc]  # drf-spectacular brings no types
    """Swagger UI from the sidecar; its script comes from its own address, so that no inline script is needed."""

    permission_classes = (IsSignedIn,)
    renderer_classes = (TemplateHTMLRenderer,)
    template_name = "annotator/api_docs.html"
    url_name = "api-schema"
    url_self = None
