export const main = (ctx) => ctx.run();
