// A plugin of TypeDoc for docs/api.md: exports stand in groups, members in the class that declares them, getters among the
// properties.
import { Comment, CommentTag, Converter, IntrinsicType, ReflectionFlag, ReflectionKind } from 'typedoc'

const groups = {
  'The plugin': ['backgroundTasks', 'AppTasks', 'BackgroundTasksOptions', 'BackgroundTasksRouteOptions', 'ThreadOptions', 'QueueOptions', 'WorkerSettings', 'MetricsOptions'],
  Tasks: ['BackgroundTask', 'BackgroundTasks', 'CollectionOptions', 'AddedTask', 'TransactionClient', 'defineTask', 'TaskOptions', 'taskContext', 'TaskContext', 'loadTasks']
}

/** Types that TypeDoc would write out, with all that Fastify's are made of. */
const types = {
  backgroundTasks: 'FastifyPluginAsync<BackgroundTasksOptions>',
  onTaskError: '(error: unknown, task: BackgroundTask, request: FastifyRequest | undefined) => void'
}

const opening = `Look up a class, a function or a type that the package exports. All options stand in [one list](options.md), with those of
\`createWorker\` and of the command line. Error codes are [explained](errors.md#codes) in another.`

export function load (app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const reflection of project.getReflectionsByKind(ReflectionKind.All)) {
      if (reflection.inheritedFrom !== undefined) project.removeReflection(reflection)
      else if (reflection.kind === ReflectionKind.Accessor && reflection.setSignature === undefined) toProperty(reflection)
      if (Object.hasOwn(types, reflection.name) && reflection.type !== undefined) {
        project.removeTypeReflections(reflection.type)
        reflection.type = new IntrinsicType(types[reflection.name])
      }
      for (const relation of ['overwrites', 'extendedBy', 'extendedTypes']) delete reflection[relation]
    }
    project.comment = new Comment([{ kind: 'text', text: opening }])
    for (const reflection of project.children ?? []) {
      const [group = 'Other types'] = Object.entries(groups).find(([, names]) => names.includes(reflection.name)) ?? []
      for (const { comment } of [reflection, ...reflection.signatures ?? []]) comment?.removeTags('@group')
      const described = reflection.signatures ?? [reflection]
      for (const each of described) (each.comment ??= new Comment()).blockTags.push(new CommentTag('@group', [{ kind: 'text', text: group }]))
    }
  })
}

function toProperty (reflection) {
  const { comment, type } = reflection.getSignature
  Object.assign(reflection, { kind: ReflectionKind.Property, comment, type, getSignature: undefined })
  reflection.setFlag(ReflectionFlag.Readonly, true)
}
