// Starts the reader on this server's own document. Nothing is asked of another host.
SwaggerUIBundle({
  dom_id: "#reader",
  url: "openapi.yaml",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  validatorUrl: null,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  persistAuthorization: false,
});
