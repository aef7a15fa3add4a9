/* Shows the API's document with Swagger UI; everything comes from this service. */
window.SwaggerUIBundle({
  url: 'docs/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  tryItOutEnabled: true,
  // Asks an outside service to judge the document, unless told not to.
  validatorUrl: null,
});
