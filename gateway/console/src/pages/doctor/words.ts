/** The gateway tells a finding in one paragraph; what was found and what to do are shown apart. */

export interface Apart {
  evidence: string[];
  todo: string | null;
}

export function apart(words: string): Apart {
  const sentences = words.match(/[^.]+(?:\.(?!\s|$)[^.]*)*\.(?=\s|$)/g)?.map(part => part.trim());
  if (!sentences) return { evidence: [words], todo: null };
  const begin = sentences.findIndex(sentence => /^Let /.test(sentence));
  if (begin < 0) return { evidence: sentences, todo: null };
  // The ids stand below as links.
  const evidence = sentences.slice(0, begin).filter(sentence => !/[0-9a-f]{32}/.test(sentence));
  return { evidence, todo: sentences.slice(begin).join(" ") };
}
