// The API's description at /docs: Swagger UI over /openapi.json. Requests can be tried with the session of this browser.

import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // It asks another host whether the document is good.
  validatorUrl: null,
  requestInterceptor: (request) => {
    // As the dashboard does: what keeps pages of other origins out.
    request.headers["X-Neon-Request"] = "1";
    return request;
  },
});
