"""The pages."""

from litestar import Router
from litestar.static_files import create_static_files_router

router = Router("/", route_handlers=[])
assets = create_static_files_router("/static", directories=["service/web/static"], include_in_schema=False)
