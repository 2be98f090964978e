export { createVisitorReader, type VisitorReader, type VisitorReaderOptions, type VisitorView } from "./readVisitor.ts";
export { type ShopOptions, shopRoutes } from "./shopRoutes.ts";
