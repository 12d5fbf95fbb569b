/** `muster init github`, and the page on GitOps. Its shell steps are run by test/cases/gitops-pipelines.test.ts. */
export const githubPipeline = `name: muster
on:
  pull_request:
  push:
    branches: [main]
  schedule:
    - cron: "17 * * * *"
permissions:
  actions: read
  contents: read
  pull-requests: write
concurrency:
  group: muster-\${{ github.ref }}
env:
  CONFIG: muster.yaml # in the repository
  TARGET: /etc/muster # a clone of the repository, where the daemon has its config
jobs:
  validate:
    if: github.event_name == 'pull_request'
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - run: npm install --global musterd
      - name: Validate
        run: muster validate "$CONFIG" -o github

  # Nothing of a pull request reaches the machine: the plan is made against what it exported when it was last changed.
  plan:
    if: github.event_name == 'pull_request'
    needs: validate
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 22
      - run: npm install --global musterd
      - name: Fetch the state
        env:
          GH_TOKEN: \${{ github.token }}
        run: |
          run=$(gh run list --workflow muster.yaml --branch main --event push --status success --limit 1 --json databaseId --jq '.[0].databaseId')
          gh run download "$run" --name muster-state
      - name: Plan and comment
        env:
          GH_TOKEN: \${{ github.token }}
          PULL: \${{ github.event.number }}
        run: |
          code=0
          muster reconcile --dry-run --from "$CONFIG" --against state.json -o markdown --max-bytes 65000 > plan.md || code=$?
          # 8: policy refuses it, and the comment says why. After all else there is no plan.
          case $code in 0 | 8) ;; *) exit $code ;; esac
          cat plan.md >> "$GITHUB_STEP_SUMMARY"
          export MARKER="$(tail -n 1 plan.md)"
          gh api --paginate --slurp "repos/$GITHUB_REPOSITORY/issues/$PULL/comments" > comments.json
          comment=$(node -p '
            const own = ({ user, body }) => user.login === "github-actions[bot]" && body.includes(process.env.MARKER);
            JSON.parse(require("fs").readFileSync("comments.json")).flat().find(own)?.id ?? ""')
          if test -n "$comment"; then
            gh api --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$comment" --field body=@plan.md > comment.json
          else
            gh api --method POST "repos/$GITHUB_REPOSITORY/issues/$PULL/comments" --field body=@plan.md > comment.json
          fi
          exit $code

  # On the machine, after the merge. With \`policy: {watch: plan}\` new files there change nothing yet.
  stage:
    if: github.event_name == 'push'
    runs-on: [self-hosted, muster]
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - name: Stage and save the plan
        run: |
          git -C "$TARGET" fetch --quiet "$GITHUB_WORKSPACE" HEAD
          git -C "$TARGET" checkout --quiet --force --detach FETCH_HEAD
          muster reconcile --dry-run --out plan.json -o markdown --max-bytes 900K >> "$GITHUB_STEP_SUMMARY"
      - uses: actions/upload-artifact@v4
        with:
          name: muster-plan
          path: plan.json
          retention-days: 1

  # What the reviewers of the environment approve is the plan in the summary of \`stage\`: that, and nothing else, is done.
  apply:
    if: github.event_name == 'push'
    needs: stage
    environment: production
    runs-on: [self-hosted, muster]
    steps:
      - uses: actions/download-artifact@v4
        with:
          name: muster-plan
      - name: Apply the saved plan
        run: |
          muster reconcile --plan plan.json --require-current-config --wait --timeout 2m --reason "$GITHUB_SHA by $GITHUB_ACTOR"
          muster export --out state.json
      - uses: actions/upload-artifact@v4
        with:
          name: muster-state
          path: state.json

  # Red where what runs is not what was applied last.
  drift:
    if: github.event_name == 'schedule'
    runs-on: [self-hosted, muster]
    steps:
      - name: Drift
        run: muster drift
`;
