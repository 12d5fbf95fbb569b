import type { Position } from './diagnostic.ts';

/** A place for people, e.g. `conf.d/web.yaml:12`: relative to the folder of `main` if the file lies below it. */
export function placeText(place: Position, main: string | undefined): string {
  return `${fileText(place.file, main)}:${place.line}`;
}

/** A file for people: relative to the folder of `main` if it lies below it. */
export function fileText(file: string, main: string | undefined): string {
  const folder = main === undefined ? '' : main.slice(0, main.lastIndexOf('/') + 1);
  return folder !== '' && file.startsWith(folder) ? file.slice(folder.length) : file;
}

/** Whether the path is the folder, or lies in it; both absolute and plain. */
export function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
