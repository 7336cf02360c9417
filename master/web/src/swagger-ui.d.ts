// What src/docs.ts uses of it; the package has no types.
declare module "swagger-ui-dist/swagger-ui-es-bundle.js" {
  interface Request {
    headers: Record<string, string>;
  }
  export default function SwaggerUI(options: {
    url: string;
    dom_id: string;
    deepLinking: boolean;
    docExpansion: "list" | "full" | "none";
    defaultModelsExpandDepth: number;
    validatorUrl: string | null;
    requestInterceptor: (request: Request) => Request;
  }): void;
}
