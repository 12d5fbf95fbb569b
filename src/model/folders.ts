/**
 * What has to be made, one by one, so that a folder (absolute) is there: outermost first. Not left to a recursive mkdir,
 * which Node tries for ever where a parent is there and takes no folders, as /proc.
 */
export function missingFolders(folder: string, exists: (path: string) => boolean): string[] {
  if (folder === '' || exists(folder)) return [];
  return [...missingFolders(folder.slice(0, folder.lastIndexOf('/')), exists), folder];
}
