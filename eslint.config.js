import sorting from 'eslint-plugin-simple-import-sort';
import tseslint from 'typescript-eslint';

// The caps are the house numbers of docs/architecture.md: a file over them holds more than one idea.
const caps = {
  'max-lines': ['error', 400],
  'max-lines-per-function': ['error', 60],
  // Prettier leaves strings, comments and regular expressions as long as they are.
  'max-len': ['error', { code: 140, tabWidth: 2 }],
};

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', '.longshore/', 'coverage/', 'generated/', 'test/api/program/'] },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { sorting },
    rules: {
      ...caps,
      'sorting/imports': ['error', { groups: [['^\\u0000', '^node:', '^@?\\w', '^\\.']] }],
      'sorting/exports': 'error',
      eqeqeq: 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // A default that hands on what is left is exhaustive by its type.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    files: ['*.config.ts', 'eslint.config.js'],
    rules: { 'no-restricted-exports': 'off' },
  },
  // A describe() holds a whole subject and is as long as the subject has sentences.
  { files: ['test/**/*.ts', '**/*.test.ts'], rules: { 'max-lines-per-function': 'off' } },
  { files: ['**/*.mjs', '**/*.js'], ...tseslint.configs.disableTypeChecked },
);
