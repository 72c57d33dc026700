/**
 * Gives the browser a file to keep. What the API answers needs the session's header, which no link sends; a blob lies
 * outside of the script's memory, and on the disk where it is large.
 */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  // The name may come from outside: nothing in it is a path, or acts unseen.
  link.download = name.replaceAll(/[^\w.-]+/g, '-');
  link.click();
  URL.revokeObjectURL(url);
}
