import { MemoryGit } from '../../shared/adapters/memory/git.ts';
import { gitContract } from './git.contract.ts';

const git = new MemoryGit();

gitContract('memory', () => ({
  git,
  repository(name, password) {
    const url = `https://git.example/${name}.git`;
    git.create(url, password);
    return Promise.resolve(url);
  },
  commit: (url, branch, files) => Promise.resolve(git.commit(url, branch, files)),
}));
