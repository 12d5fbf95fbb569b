/** `muster init gitlab`, and the page on GitOps. Its scripts are run by test/cases/gitops-pipelines.test.ts. */
export const gitlabPipeline = `stages: [validate, plan, stage, apply]
variables:
  GIT_DEPTH: 0
  CONFIG: muster.yaml # in the repository
  TARGET: /etc/muster # a clone of the repository, where the daemon has its config

validate:
  stage: validate
  image: node:22
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  before_script:
    - npm install --global musterd
  script:
    - muster validate "$CONFIG" -o gitlab > gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json

# Nothing of a merge request reaches the machine: the plan is made against what it exported when it was last changed.
# MUSTER_TOKEN is a project access token with scope \`api\`, as a masked variable.
plan:
  stage: plan
  image: node:22
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  before_script:
    - npm install --global musterd
  script:
    - |
      api() { curl --fail --silent --show-error --location --header "PRIVATE-TOKEN: $MUSTER_TOKEN" "$@"; }
      project="$CI_API_V4_URL/projects/$CI_PROJECT_ID"
      notes="$project/merge_requests/$CI_MERGE_REQUEST_IID/notes"
      api --output state.json "$project/jobs/artifacts/$CI_DEFAULT_BRANCH/raw/state.json?job=apply"
      code=0
      muster reconcile --dry-run --from "$CONFIG" --against state.json -o markdown --max-bytes 900K > plan.md || code=$?
      # 8: policy refuses it, and the comment says why. After all else there is no plan.
      case $code in 0 | 8) ;; *) exit $code ;; esac
      export MARKER="$(tail -n 1 plan.md)"
      api --output user.json "$CI_API_V4_URL/user"
      api --output notes.json "$notes?sort=asc&per_page=100"
      note=$(node -p '
        const read = (file) => JSON.parse(require("fs").readFileSync(file));
        const own = ({ author, body }) => author.id === read("user.json").id && body.includes(process.env.MARKER);
        read("notes.json").find(own)?.id ?? ""')
      if test -n "$note"; then
        api --output note.json --request PUT --data-urlencode body@plan.md "$notes/$note"
      else
        api --output note.json --request POST --data-urlencode body@plan.md "$notes"
      fi
      exit $code

# On the machine, after the merge. With \`policy: {watch: plan}\` new files there change nothing yet.
stage:
  stage: stage
  tags: [muster]
  rules:
    - if: $CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
  script:
    - git -C "$TARGET" fetch --quiet "$CI_PROJECT_DIR" HEAD
    - git -C "$TARGET" checkout --quiet --force --detach FETCH_HEAD
    - muster reconcile --dry-run --out plan.json
  artifacts:
    paths: [plan.json]
    expire_in: 1 day

# Who starts it approves the plan in the log of \`stage\`: that, and nothing else, is done.
apply:
  stage: apply
  tags: [muster]
  needs: [stage]
  rules:
    - if: $CI_PIPELINE_SOURCE == "push" && $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      when: manual
  script:
    - muster reconcile --plan plan.json --require-current-config --wait --timeout 2m --reason "$CI_COMMIT_SHA by $GITLAB_USER_LOGIN"
    - muster export --out state.json
  artifacts:
    paths: [state.json]

# Red where what runs is not what was applied last.
drift:
  stage: validate
  tags: [muster]
  rules:
    - if: $CI_PIPELINE_SOURCE == "schedule"
  script:
    - muster drift
`;
